/* What can be saved of a run that has stalled, on a rank whose main thread stands still. Here and
 * not in resilience/, which knows when a run has stalled but not what a run is made of: this reads
 * and fills the trainer's own state. */
#include <stdio.h>

#include "trainer_internal.h"

int md_trainer_has_checkpoint(const md_trainer *t)
{
    return t->saved_step >= 0 || t->run->resuming;
}

/* Takes *c for the state to rescue if the epoch that is open in it is the one that is open now.
 * While rank 0 saves an epoch that has just ended, that is the epoch before its end. */
static md_status fit_state(const md_trainer *t, md_checkpoint **c, md_position *at, md_error *err)
{
    const md_position open = (*c)->at.epoch < at->epoch && at->step_in_epoch == 0 ? t->ended : *at;
    if ((*c)->at.epoch == open.epoch) {
        *at = open;
        return MD_OK;
    }
    md_checkpoint_destroy(c);
    return md_fail(err, MD_FAILED, "the last save is of another epoch");
}

/* What an epoch's end adds is left out, for the resume will add it again. */
static void forget_epoch_end(md_trainer *t, const md_position *at, md_checkpoint *c)
{
    md_checkpoint_cut_back(c);
    if (c->best_epoch > at->epoch) /* rank 0's own state, saved in best.h5 but not in last.h5 */
        md_trainer_restore_best(t);
    if (at->step_in_epoch == t->shape.steps_per_epoch && c->chain_count > 0 &&
        c->chain[c->chain_count - 1].step == at->step)
        c->chain_count--;
}

/* Also before this process' first save, last.h5 is what the run went on from (md_folder_repair). */
static md_status read_state(const md_trainer *t, md_checkpoint **out, md_position *at,
                            md_error *err)
{
    char path[MD_PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/" MD_FILE_LAST, t->config->checkpoint.output);
    md_status status = md_checkpoint_read(path, out, err);
    if (!status && (*out)->at.step == 0)
        status = md_trainer_start_imported(t, *out, err);
    if (!status)
        return fit_state(t, out, at, err);
    md_checkpoint_destroy(out);
    return status;
}

/* Rank 0's own state. An epoch that has ended but is not saved is ended by the resume once more,
 * and found to be the best there. */
static md_checkpoint *own_state(const md_trainer *t, md_position *at)
{
    if (at->step_in_epoch == 0 && t->saved_step != at->step)
        *at = t->ended;
    return t->state;
}

/* The state to rescue into, and where it is to stand. A rank other than 0 knows how the run came
 * here from files alone, and those from before this process do not know of its run. */
static md_status rescue_state(const md_trainer *t, md_checkpoint **out, md_position *at,
                              md_error *err)
{
    md_status status;
    if (!md_trainer_has_checkpoint(t)) {
        status = md_capture_create(t, out, err);
        return status ? status : fit_state(t, out, at, err);
    }
    status = read_state(t, out, at, err);
    return status || t->saved_step >= 0 ? status : md_capture_add_run(t, *out, err);
}

/* Fills and saves the state while this rank's main thread stands still. So must the slices that
 * other ranks step. */
static md_status rescue(md_trainer *t, md_position *at, md_error *err)
{
    md_checkpoint *state = NULL;
    md_status status = MD_OK;
    *at = t->at;
    if (t->process_images == 0)
        return md_fail(err, MD_FAILED, "no step was finished yet");
    if (t->rank == 0)
        state = own_state(t, at);
    else
        status = rescue_state(t, &state, at, err);
    int consistent = md_reducer_consistent(t->reducer, at->step);
    if (!status)
        status = md_capture_fill(t, at, state, err);
    if (!status)
        status = md_checkpoint_own(state, err); /* other ranks may step while this one saves */
    if (!status)
        forget_epoch_end(t, at, state);
    consistent = consistent && md_reducer_consistent(t->reducer, at->step);
    if (!status && !consistent)
        status = md_fail(err, MD_FAILED, "the ranks do not stand at one step");
    if (!status)
        status = md_folder_save_rescue(t->config->checkpoint.output, state, err);
    if (t->rank != 0)
        md_checkpoint_destroy(&state);
    return status;
}

void md_trainer_rescue(void *trainer, int may_save, char *said, size_t size)
{
    md_trainer *t = trainer;
    md_position at;
    md_error err = {0};
    const char *left = md_trainer_has_checkpoint(t)
                           ? "the last checkpoint stands, go on with --resume"
                           : "nothing had been saved yet, start again";
    if (may_save && rescue(t, &at, &err) == MD_OK)
        snprintf(said, size,
                 "rank %d saved %s/" MD_FILE_RESCUE " after step %lld; go on with --resume",
                 t->rank, t->config->checkpoint.output, (long long)at.step);
    else if (may_save)
        snprintf(said, size, "no rescue was saved (%s); %s", err.text, left);
    else
        snprintf(said, size, "%s", left);
}
