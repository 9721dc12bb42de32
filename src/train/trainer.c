#include "mnist_dist/train/trainer.h"

#include <math.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/comm/agree.h"
#include "trainer_internal.h"

/* What the launcher, this process' parent, may use is what all ranks of the node may use together;
 * each rank may be bound to a part of it. */
static int cpus_of_node(void)
{
    cpu_set_t mask;
    return sched_getaffinity(getppid(), sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

static void announce(const md_trainer *t)
{
    if (t->rank != 0)
        return;
    const md_run_info info = {.config = t->config,
                              .record = &t->state->runs[t->state->run_count - 1],
                              .shape = &t->shape,
                              .spec = &t->spec,
                              .parameters = md_model_layout(t->model)->parameters,
                              .first_step = t->at.step,
                              .node_ranks = md_comm_node_size(t->comm),
                              .active = (int)md_comm_places(t->comm, 0).count,
                              .cpus = cpus_of_node(),
                              .density = md_dataset_store(t->dataset)->header->density};
    const md_observer *observers = t->params->observers;
    for (size_t i = 0; i < t->params->observer_count; i++)
        if (observers[i].start)
            observers[i].start(observers[i].context, &info);
}

static int is_mid_epoch(const md_trainer *t)
{
    return t->at.step_in_epoch > 0;
}

/* Collective: rank 0 notes the weights' digest in the chain between epochs, when asked to. */
static md_status link_chain(md_trainer *t, md_error *err)
{
    const int64_t every = t->config->checkpoint.digest_every;
    if (every == 0 || t->at.step % every != 0 || t->at.step_in_epoch == t->shape.steps_per_epoch)
        return MD_OK;
    md_status status = MD_OK;
    if (t->rank == 0) {
        const md_chain_row row = {t->at.step, md_trainer_digest(t)};
        status = md_checkpoint_add_chain(t->state, &row, err);
    }
    return md_agree(t->comm, status, err);
}

/* Collective. Rank 0's clock decides whether checkpoint.every_minutes are over. To ask it costs a
 * broadcast, so it also says after which step to ask next: of the steps that it expects in the time
 * left, after half. */
static md_status ask_clock(md_trainer *t, int *due, md_error *err)
{
    const double limit = 60.0 * t->config->checkpoint.every_minutes;
    *due = 0;
    if (limit <= 0.0 || t->at.step < t->meet_at)
        return MD_OK;
    const double now = md_clock_now(), left = t->last_save_at + limit - now;
    const double steps = (double)t->process_images / (double)t->shape.batch;
    int64_t ahead = 0; /* save now */
    if (t->rank == 0 && left > 0.0)
        ahead = 1 + (int64_t)fmin(1e9, left / 2.0 * steps / fmax(1e-6, now - t->first_step_at));
    md_status status = md_comm_broadcast(t->comm, &ahead, sizeof ahead, 0, err);
    *due = !status && ahead == 0;
    t->meet_at = t->at.step + ahead;
    return status;
}

/* Collective, between the steps of an epoch: is it time to save? */
static md_status save_is_due(md_trainer *t, int *due, md_error *err)
{
    const int64_t every = t->config->checkpoint.every_steps;
    md_status status = ask_clock(t, due, err);
    *due |= every > 0 && t->at.step % every == 0;
    return status;
}

/* Steps to the end of the run, of the epoch, or to a stop. */
static md_status run_epoch(md_trainer *t, int *stop, md_error *err)
{
    int due;
    md_status status = MD_OK;
    while (!status && !*stop && t->at.step < t->shape.last_step &&
           t->at.step_in_epoch < t->shape.steps_per_epoch) {
        status = md_trainer_step(t, stop, err);
        if (!status)
            status = link_chain(t, err);
        if (status || t->at.step_in_epoch == t->shape.steps_per_epoch)
            continue;
        status = save_is_due(t, &due, err);
        if (!status && due)
            status = md_trainer_save(t, 0, err);
    }
    return status;
}

/* Early stopping may have ended the run before it was resumed. More epochs than the run had then
 * are a wish to go on. */
static int has_stopped_early(const md_run *run, const md_checkpoint *c)
{
    return run->config.train.epochs <= run->before.epochs &&
           md_early_stopping_exhausted(&run->config, c->history, c->history_count);
}

static md_status already_finished(md_trainer *t, int *finished, md_error *err)
{
    *finished = 0;
    if (t->rank == 0 && t->run->resuming && !is_mid_epoch(t))
        *finished = has_stopped_early(t->run, t->state);
    return md_comm_broadcast(t->comm, finished, sizeof *finished, 0, err);
}

/* Collective. What the run came to here is in a file, or it has failed. An epoch's end alone, of a
 * run that goes on from its last step, is no step but has to be saved. */
static md_status save_what_is_left(md_trainer *t, const md_position *start, md_error *err)
{
    const int moved = t->at.epoch != start->epoch || t->at.step != start->step;
    return moved && t->saved_step != t->at.step ? md_trainer_save(t, 1, err) : MD_OK;
}

/* More ranks than the steps were fastest with are of use elsewhere. */
static void say_pace(const md_trainer *t, const md_position *start)
{
    const int64_t steps = t->at.step - start->step;
    const double ranks = (double)t->active_steps / (double)steps;
    if (t->varies && steps > 0 && ranks < 0.9 * t->pace.most)
        md_info("on average %.1f of %d ranks computed, as was fastest; "
                "distributed.active_ranks=%d lets all of them",
                ranks, t->pace.most, t->pace.most);
}

static md_status train(md_trainer *t, int *stop, md_error *err)
{
    const md_position start = t->at;
    int finished;
    md_status status = already_finished(t, &finished, err);
    t->first_step_at = t->last_save_at = md_clock_now();
    while (!status && !*stop && !finished) {
        status = run_epoch(t, stop, err);
        if (!status && t->at.step_in_epoch == t->shape.steps_per_epoch)
            status = md_trainer_finish_epoch(t, &finished, err);
        finished |= t->at.step >= t->shape.last_step;
    }
    if (finished)
        *stop = 0;
    if (!status)
        say_pace(t, &start);
    return status ? status : save_what_is_left(t, &start, err);
}

/* The result's validation: the last epoch's own, or one made for it in mid-epoch. */
static md_status conclude(md_trainer *t, int stopped, md_train_result *result, md_error *err)
{
    md_status status = MD_OK;
    if (!stopped && (is_mid_epoch(t) || t->validation.images == 0))
        status = md_trainer_validate(t, err);
    const md_evaluation *judged = &t->validation;
    const int validated = judged->images > 0;
    const double stepping = t->run_times.steps + t->epoch_times.steps;
    *result = (md_train_result){.epochs = t->at.epoch,
                                .steps = t->at.step,
                                .total_steps = t->shape.last_step,
                                .val_loss = validated ? judged->loss : NAN,
                                .val_accuracy = validated ? judged->accuracy : NAN,
                                .val_mae = validated ? judged->mae : NAN,
                                .val_r2 = validated ? judged->r2 : NAN,
                                .weights_xxh3 = md_trainer_digest(t),
                                .seconds = t->last_save_at - t->first_step_at,
                                .images_per_second =
                                    stepping > 0.0 ? (double)t->process_images / stepping : 0.0};
    return status;
}

/* Other data than the run's own has to be looked at, and refused. */
static int is_own_source(const md_config *config, const md_checkpoint *c)
{
    md_config saved = md_config_default();
    const char *text = c->runs[c->run_count - 1].config;
    return md_config_parse_saved(&saved, text, NULL) == MD_OK &&
           strcmp(saved.data.source, config->data.source) == 0;
}

/* Has the run ended, with an epoch, so that its history holds the result? */
static int has_ended(const md_run *run, const md_checkpoint *c)
{
    const md_config *config = &run->config;
    const int64_t most = config->train.max_steps;
    if (c->at.step_in_epoch > 0 || c->at.epoch == 0 || c->history_count != (size_t)c->at.epoch)
        return 0;
    return c->at.epoch >= config->train.epochs || (most > 0 && c->at.step >= most) ||
           has_stopped_early(run, c);
}

/* Collective. The result of a run that has ended is told without its data, which may be gone. */
static md_status recall(md_comm *comm, const md_run *run, int *ended, md_train_result *result,
                        md_error *err)
{
    const md_checkpoint *c = run->resumed;
    md_status status = MD_OK;
    *ended = c && has_ended(run, c) && is_own_source(&run->config, c);
    if (*ended) {
        const md_epoch_row *last = &c->history[c->history_count - 1];
        *result = (md_train_result){.epochs = c->at.epoch,
                                    .steps = c->at.step,
                                    .total_steps = c->at.step,
                                    .val_loss = last->val_loss,
                                    .val_accuracy = last->val_accuracy,
                                    .val_mae = last->val_mae,
                                    .val_r2 = last->val_r2,
                                    .weights_xxh3 = last->weights_xxh3};
        if (c->at.epoch < run->config.train.epochs && has_stopped_early(run, c))
            md_early_stopping_say(&run->config, c->history, c->history_count);
        md_info("the run has ended: no step is left to take");
        status = md_folder_repair(run->folder, c, err);
    }
    status = md_agree(comm, status, err);
    if (!status)
        status = md_comm_broadcast(comm, ended, sizeof *ended, 0, err);
    return status || !*ended ? status : md_comm_broadcast(comm, result, sizeof *result, 0, err);
}

md_status md_train(md_comm *comm, md_run *run, const md_train_params *params,
                   md_train_result *result, md_error *err)
{
    md_trainer t = {.config = &run->config,
                    .params = params,
                    .run = run,
                    .order_epoch = -1,
                    .saved_step = -1,
                    .optimizer = md_optimizer_describe(run->config.optimizer.kind),
                    .updates = md_optimizer_find(run->config.optimizer.kind)};
    int stop = 0, ended = 0;
    md_status status = params->debug ? MD_OK : recall(comm, run, &ended, result, err);
    if (status || ended)
        return status;
    status = md_trainer_set_up(&t, comm, err);
    if (!status) {
        announce(&t);
        status = params->debug ? md_trainer_check_gradients(&t, err) : MD_OK;
    }
    if (!status)
        status = train(&t, &stop, err);
    if (!status)
        status = conclude(&t, stop, result, err);
    md_trainer_tear_down(&t);
    return !status && stop ? MD_STOPPED : status;
}
