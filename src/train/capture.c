/* The trainer's state as a checkpoint, and saving it. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/checkpoint/fields.h"
#include "mnist_dist/checkpoint/metric.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/hdf5/hdf5_version.h"
#include "mnist_dist/version.h"
#include "trainer_internal.h"

enum { GOLDEN_IMAGES = 16 };

static md_status run_record(const md_trainer *t, md_run_record *record, md_error *err)
{
    char now[MD_TIMESTAMP_SIZE];
    md_clock_timestamp(now);
    const md_store *store = md_dataset_store(t->dataset);
    *record =
        (md_run_record){.config = md_config_write(t->config),
                        .command_line = strdup(t->params->command_line),
                        .hosts = strdup(md_comm_hosts(t->comm)),
                        .reducer = strdup(md_reducer_abouts[t->config->distributed.reducer].name),
                        .kernels = strdup(t->kernels->name),
                        .storage = strdup(md_storage_word(md_store_storage(store))),
                        .version = strdup(MD_VERSION),
                        .version_mpi = strdup(md_mpi_version()),
                        .version_hdf5 = strdup(md_hdf5_version()),
                        .version_blas = strdup("none"),
                        .data_sha256 = strdup(""),
                        .started = strdup(now),
                        .saved = strdup(now),
                        .ranks = t->ranks,
                        .nodes = md_comm_nodes(t->comm),
                        .chunk = (int64_t)store->header->chunk,
                        .window = (int64_t)store->header->window};
    for (int i = 0; i < MD_RUN_TEXTS; i++)
        if (!*md_run_text(record, &md_run_texts[i])) {
            md_run_record_clear(record);
            return md_fail_memory(err, "the run's record", MD_TIMESTAMP_SIZE);
        }
    return MD_OK;
}

md_status md_capture_add_run(const md_trainer *t, md_checkpoint *c, md_error *err)
{
    md_run_record record;
    md_status status = run_record(t, &record, err);
    return status ? status : md_checkpoint_add_run(c, &record, err);
}

void md_capture_configure(const md_trainer *t, md_checkpoint *c)
{
    c->optimizer = t->config->optimizer;
    c->seed = t->config->train.seed;
}

md_status md_capture_create(const md_trainer *t, md_checkpoint **out, md_error *err)
{
    md_checkpoint *c;
    const int moments = t->optimizer->moments;
    md_status status = md_checkpoint_create(&t->spec, moments, &c, err);
    if (status)
        return status;
    md_capture_configure(t, c);
    status = md_scale_copy(md_dataset_scale(t->dataset), &c->scale, err);
    if (!status)
        status = md_capture_add_run(t, c, err);
    if (status)
        md_checkpoint_destroy(&c);
    *out = c;
    return status;
}

static md_status allocate_golden(const md_trainer *t, md_golden *golden, size_t count,
                                 md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const size_t classes = (size_t)md_model_spec_outputs(&t->spec);
    md_golden fresh = {.count = count, .element = (md_element)store->header->element};
    md_status status = md_allocate(&fresh.images, count * md_store_features(store),
                                   md_element_size(fresh.element), "golden images", err);
    if (!status && md_store_labels(store, MD_SPLIT_TEST))
        status =
            md_allocate((void **)&fresh.labels, count, sizeof *fresh.labels, "golden labels", err);
    if (!status)
        status = md_allocate((void **)&fresh.logits, count * classes, sizeof(float),
                             "golden logits", err);
    if (status) {
        free(fresh.images);
        free(fresh.labels);
        return status;
    }
    free(golden->images);
    free(golden->labels);
    free(golden->logits);
    *golden = fresh;
    return MD_OK;
}

/* Is there room for them? Those of an imported file may be of other data. */
static int has_room(const md_golden *golden, const md_store *store, size_t count)
{
    return golden->count == count && golden->element == (md_element)store->header->element &&
           !golden->labels == !md_store_labels(store, MD_SPLIT_TEST);
}

/* The first test images and what the present weights make of them. */
static md_status fill_golden(md_trainer *t, md_golden *golden, md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const size_t available = md_store_images(store, MD_SPLIT_TEST);
    const size_t count = available < GOLDEN_IMAGES ? available : GOLDEN_IMAGES;
    if (count == 0)
        return MD_OK;
    if (!has_room(golden, store, count)) {
        md_status status = allocate_golden(t, golden, count, err);
        if (status)
            return status;
    }
    const size_t size = md_store_features(store) * md_element_size(golden->element);
    for (size_t i = 0; i < count; i++)
        md_store_sample(store, MD_SPLIT_TEST, i, (char *)golden->images + i * size);
    if (golden->labels)
        memcpy(golden->labels, md_store_labels(store, MD_SPLIT_TEST),
               count * sizeof *golden->labels);
    md_infer_range(&t->inference, (md_image_range){MD_SPLIT_TEST, 0, count}, golden->logits);
    md_status status = md_infer_check(&t->inference, err);
    if (status)
        return status;
    return t->kernels->all_within(golden->logits, count * md_model_outputs(t->model), FLT_MAX)
               ? MD_OK
               : md_fail(err, MD_FAILED, "the weights make infinite or NaN logits of test images");
}

void md_capture_lend(const md_trainer *t, md_checkpoint *c)
{
    float *moments[MD_MAX_MOMENTS] = {NULL};
    for (int i = 0; i < c->moment_count; i++)
        moments[i] = md_reducer_moment(t->reducer, i);
    md_checkpoint_borrow(c, md_reducer_parameters(t->reducer), moments);
}

static void fill_position(const md_trainer *t, const md_position *at, md_checkpoint *c)
{
    c->at = *at;
    const int ended =
        at->step_in_epoch < t->shape.steps_per_epoch && at->step >= t->shape.last_step;
    c->complete = ended || (at->step_in_epoch == 0 &&
                            md_early_stopping_exhausted(t->config, c->history, c->history_count));
}

/* Hashing the data takes longer than a save, so it waits for the first one. */
static md_status fill_data_digest(const md_trainer *t, md_run_record *record, md_error *err)
{
    if (record->data_sha256[0])
        return MD_OK;
    char digest[MD_DATA_SHA256_SIZE];
    md_status status = md_data_sha256(md_dataset_store(t->dataset), digest, err);
    if (status)
        return status;
    free(record->data_sha256);
    record->data_sha256 = strdup(digest);
    return record->data_sha256 ? MD_OK : md_fail_memory(err, "the data's digest", sizeof digest);
}

md_status md_capture_fill(md_trainer *t, const md_position *at, md_checkpoint *c, md_error *err)
{
    md_run_record *record = &c->runs[c->run_count - 1];
    md_capture_lend(t, c);
    fill_position(t, at, c);
    md_status status = fill_data_digest(t, record, err);
    if (!status)
        status = fill_golden(t, &c->golden, err);
    char now[MD_TIMESTAMP_SIZE];
    md_clock_timestamp(now);
    char *saved = strdup(now);
    if (!saved)
        return md_fail_memory(err, "a time stamp", sizeof now);
    free(record->saved);
    record->saved = saved;
    return status;
}

int md_trainer_is_best(const md_trainer *t)
{
    const md_checkpoint *c = t->state;
    if (t->at.step_in_epoch > 0 || c->history_count == 0)
        return 0;
    const md_metric *metric = md_metric_of(&c->model);
    return md_metric_improves(
        metric, md_metric_validated(metric, &c->history[c->history_count - 1]), c->best);
}

/* A best value is remembered only with the file that holds it. */
static md_status save_on_root(md_trainer *t, md_error *err)
{
    md_checkpoint *c = t->state;
    int held = 0;
    const int best = md_trainer_is_best(t);
    t->best_before.value = c->best;
    t->best_before.epoch = c->best_epoch;
    md_status status = md_capture_fill(t, &t->at, c, err);
    if (best) {
        c->best = md_metric_validated(md_metric_of(&c->model), &c->history[c->history_count - 1]);
        c->best_epoch = t->at.epoch;
    }
    if (!status)
        status = md_folder_save(t->run->folder, c, best ? &held : NULL, err);
    if (!status)
        t->saved_step = t->at.step; /* known here before the ranks agree on it */
    else if (!held)
        md_trainer_restore_best(t);
    return status;
}

void md_trainer_restore_best(md_trainer *t)
{
    t->state->best = t->best_before.value;
    t->state->best_epoch = t->best_before.epoch;
}

/* A save that fails costs a warning as long as the run may hope for the next one. */
static md_status forgive(md_trainer *t, int last, md_error *err)
{
    const long long most = t->config->checkpoint.max_failures, failures = ++t->save_failures;
    if (last || failures > most)
        return md_fail_context(err, err->status, "saving failed after step %lld (failure %lld): ",
                               (long long)t->at.step, failures);
    md_warn("could not save after step %lld (%s); the files saved before stand, training goes on "
            "(failure %lld of %lld allowed)",
            (long long)t->at.step, err->text, failures, most);
    return MD_OK;
}

/* No good file may give way to weights that no step can follow. */
static md_status check_weights(const md_trainer *t, md_error *err)
{
    if (t->kernels->all_within(md_reducer_parameters(t->reducer),
                               md_model_layout(t->model)->parameters, FLT_MAX))
        return MD_OK;
    return md_fail(err, MD_FAILED,
                   "step %lld made weights infinite or NaN, so they are not saved; lower "
                   "optimizer.learning_rate or set optimizer.clip_norm",
                   (long long)t->at.step);
}

md_status md_trainer_save(md_trainer *t, int last, md_error *err)
{
    const double start = md_clock_now();
    md_status status = md_agree(t->comm, check_weights(t, err), err);
    if (status)
        return status;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_SAVE, t->at.step);
    md_fault_begin_save(t->params->inject, t->rank, t->at.step);
    status = t->rank == 0 ? save_on_root(t, err) : MD_OK;
    md_fault_end_save(t->params->inject);
    status = md_agree(t->comm, status, err);
    md_heartbeat_mark(t->heartbeat, MD_PHASE_RECORD, t->at.step);
    t->last_save_at = md_clock_now();
    t->epoch_times.io += t->last_save_at - start;
    if (status)
        return forgive(t, last, err);
    t->saved_step = t->at.step;
    return MD_OK;
}
