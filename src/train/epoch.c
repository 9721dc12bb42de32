/* What happens when all steps of an epoch are done. */
#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/comm/agree.h"
#include "trainer_internal.h"

uint64_t md_trainer_digest(const md_trainer *t)
{
    return md_digest_floats(md_reducer_parameters(t->reducer),
                            md_model_layout(t->model)->parameters);
}

static md_epoch_row epoch_row(const md_trainer *t, uint64_t digest)
{
    const md_evaluation *judged = &t->validation;
    const double metric = md_trainer_metric(t);
    const double seconds = t->epoch_times.steps;
    return (md_epoch_row){.epoch = t->at.epoch + 1,
                          .step = t->at.step,
                          .loss = md_trainer_loss(t),
                          .accuracy = t->answers_numbers ? NAN : metric,
                          .mae = t->answers_numbers ? metric : NAN,
                          .val_loss = judged->loss,
                          .val_accuracy = judged->accuracy,
                          .val_mae = judged->mae,
                          .val_r2 = judged->r2,
                          .learning_rate = md_trainer_rate(t, t->at.step - 1),
                          .seconds = seconds,
                          .images_per_second =
                              seconds > 0.0 ? (double)t->epoch_times.images / seconds : 0.0,
                          .weights_xxh3 = digest};
}

/* Collective: where each rank's time went in this epoch, one row a rank, on rank 0. free() *rows.
 */
static md_status gather_ledger(md_trainer *t, md_ledger_row **rows, md_error *err)
{
    const md_times *times = &t->epoch_times;
    md_ledger_row mine = {.epoch = t->at.epoch + 1,
                          .rank = t->rank,
                          .ranks = t->ranks,
                          .compute_s =
                              times->phase[0] + times->phase[1] + times->phase[2] + times->phase[4],
                          .wait_s = times->phase[3],
                          .io_s = times->io};
    *rows = calloc((size_t)t->ranks, sizeof mine);
    md_status status =
        *rows ? MD_OK : md_fail_memory(err, "the ledger", (size_t)t->ranks * sizeof mine);
    status = md_agree(t->comm, status, err);
    return status ? status : md_comm_gather(t->comm, &mine, sizeof mine, *rows, err);
}

/* Rank 0 adds the epoch to the history and judges it. */
static md_status record_on_root(md_trainer *t, uint64_t digest, const md_ledger_row *rows,
                                int *finished, md_error *err)
{
    md_checkpoint *state = t->state;
    const md_epoch_row row = epoch_row(t, digest);
    const md_chain_row link = {t->at.step, digest};
    md_status status = md_checkpoint_add_epoch(state, &row, err);
    if (!status)
        status = md_checkpoint_add_chain(state, &link, err);
    for (int i = 0; !status && i < t->ranks; i++)
        status = md_checkpoint_add_ledger(state, &rows[i], err);
    if (!status)
        *finished = md_early_stopping_exhausted(t->config, state->history, state->history_count);
    return status;
}

static md_status record_epoch(md_trainer *t, uint64_t digest, int *finished, md_error *err)
{
    md_ledger_row *rows = NULL;
    md_status status = gather_ledger(t, &rows, err);
    md_heartbeat_mark(t->heartbeat, MD_PHASE_RECORD, t->at.step);
    if (!status && t->rank == 0)
        status = record_on_root(t, digest, rows, finished, err);
    free(rows);
    status = md_agree(t->comm, status, err);
    return status ? status : md_comm_broadcast(t->comm, finished, sizeof *finished, 0, err);
}

static void open_next_epoch(md_trainer *t)
{
    t->ended = t->at;
    t->at.epoch++;
    t->at.step_in_epoch = 0;
    t->at.loss = t->at.metric = (md_fixed){0};
    t->at.samples = 0;
    t->run_times.steps += t->epoch_times.steps;
    t->epoch_times = (md_times){0};
}

static void report_epoch(const md_trainer *t)
{
    const md_observer *observers = t->params->observers;
    for (size_t i = 0; t->rank == 0 && i < t->params->observer_count; i++)
        if (observers[i].epoch)
            observers[i].epoch(observers[i].context,
                               &t->state->history[t->state->history_count - 1],
                               md_trainer_is_best(t));
}

md_status md_trainer_finish_epoch(md_trainer *t, int *finished, md_error *err)
{
    const uint64_t digest = md_trainer_digest(t);
    md_status status = md_agree_digest(t->comm, digest, "the weights", err);
    if (!status)
        status = md_trainer_validate(t, err);
    if (!status)
        status = record_epoch(t, digest, finished, err);
    if (status)
        return status;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_RECORD, t->at.step);
    open_next_epoch(t);
    report_epoch(t);
    if (*finished && t->rank == 0 && t->at.step < t->shape.last_step)
        md_early_stopping_say(t->config, t->state->history, t->state->history_count);
    return md_trainer_save(t, 0, err);
}
