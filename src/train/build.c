/* Making a trainer: model, reducer, and the state to start from. */
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/nn/slice.h"
#include "mnist_dist/version.h"
#include "trainer_internal.h"

int md_trainer_is_reproducible(const md_trainer *t)
{
    return md_reducer_abouts[t->config->distributed.reducer].promise == MD_PROMISE_RANK_COUNT;
}

static md_status build_model(md_trainer *t, md_error *err)
{
    md_status status = md_trainer_fit_model(t, err);
    if (status)
        return status;
    const size_t most = t->shape.batch / (size_t)(t->exchanges ? 1 : t->ranks) + 1;
    const md_store *store = md_dataset_store(t->dataset);
    t->kernels = md_kernels_get();
    status = md_model_create(&t->spec, most, t->kernels, &t->model, err);
    if (!status)
        status = md_batcher_create(store, t->model, t->kernels, most, &t->batcher, err);
    if (!status)
        status = md_batcher_augment(t->batcher, &t->config->augment, err);
    if (!status)
        status = md_inference_open(&t->spec, NULL, store, &t->inference, err);
    const int streams = md_dataset_streams(t->dataset);
    if (!status)
        status = md_allocate((void **)(streams ? &t->ids : &t->order),
                             streams ? t->shape.batch : t->shape.images, sizeof *t->order,
                             "the sample order", err);
    return status;
}

enum { SAMPLED_IMAGES = 1000 };

/* density[pixel]: in how many of some training images it is not zero. free() it. */
static md_status sample_density(const md_trainer *t, float **density, md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const size_t features = md_store_features(store), all = t->shape.images;
    const size_t count = all < SAMPLED_IMAGES ? all : SAMPLED_IMAGES;
    md_status status =
        md_allocate((void **)density, features, sizeof **density, "the images' density", err);
    /* Streamed ones lie in few chunks when they follow each other. */
    const size_t apart = md_dataset_streams(t->dataset) ? 1 : all / count;
    uint8_t *image = NULL;
    if (!status)
        status = md_allocate((void **)&image, features, 1, "an image", err);
    for (size_t i = 0; i < count && !status; i++) {
        md_store_sample(store, MD_SPLIT_TRAIN, i * apart, image);
        for (size_t k = 0; k < features; k++)
            (*density)[k] += image[k] ? 1.0f / (float)count : 0.0f;
    }
    free(image);
    return status ? status : md_store_check(store, err);
}

/* Of the node's active ranks; see md_reducer_params. */
static md_range cut_slice(const void *trainer, int part, int parts)
{
    const md_trainer *t = trainer;
    return md_slice_cut(md_model_layout(t->model), t->density, t->shape.batch, part, parts);
}

/* A rank that may have to step all parameters needs room for their gradient: 64 MB. */
enum { MOST_VARIED = 1 << 24 };

/* Is the number of ranks that compute to be found by timing? Not between nodes, nor when it was
 * given, nor when a fault waits for one of them. */
static int may_vary(const md_trainer *t)
{
    return t->exchanges && md_comm_nodes(t->comm) == 1 && md_comm_place_count(t->comm) > 1 &&
           t->config->distributed.active_ranks == 0 && !t->params->inject &&
           md_model_layout(t->model)->parameters <= MOST_VARIED;
}

static md_status build_reducer(md_trainer *t, md_error *err)
{
    const md_layout *layout = md_model_layout(t->model);
    md_reducer_params params = {.kind = t->config->distributed.reducer,
                                .parameters = layout->parameters,
                                .moments = t->optimizer->moments,
                                .rows = md_slice_rows(layout),
                                .batch = t->shape.batch,
                                .values = t->answers_numbers ? 2 * MD_FIXED_PIECES : 2,
                                .matrices = t->matrices,
                                .matrix_count = md_model_matrices(t->model, t->matrices),
                                .cut = cut_slice,
                                .context = t,
                                .varies = may_vary(t),
                                .all_within = t->kernels->all_within};
    md_status status = MD_OK;
    if (t->exchanges && md_batcher_is_sparse(t->batcher))
        status = sample_density(t, &t->density, err);
    status = md_agree(t->comm, status, err);
    if (!status)
        status = md_reducer_create(t->comm, &params, &t->reducer, err);
    if (status)
        return status;
    t->varies = params.varies && t->rank == 0;
    md_pace_begin(&t->pace, md_comm_place_count(t->comm));
    t->inference.parameters = md_reducer_parameters(t->reducer);
    t->needs_norm = t->params->debug || t->config->optimizer.clip_norm > 0.0;
    if (t->exchanges)
        status = md_model_place(t->model, md_reducer_matrices(t->reducer), t->shape.batch, err);
    return md_agree(t->comm, status, err);
}

/* A run's samples keep the order that was chosen for it, so that is what a save tells. */
static md_status build_prefetch(md_trainer *t, md_error *err)
{
    const md_config *config = t->config;
    const md_prefetch_params params = {.store = md_dataset_store(t->dataset),
                                       .trained = t->shape.images,
                                       .batch = t->shape.batch,
                                       .seed = config->train.seed,
                                       .shuffle = config->train.shuffle,
                                       .rows = md_batcher_is_sparse(t->batcher),
                                       .epochs = config->train.epochs};
    const int streams = md_dataset_streams(t->dataset);
    t->run->config.data.memory = streams ? MD_MEMORY_STREAM : MD_MEMORY_RESIDENT;
    return streams ? md_prefetch_create(t->comm, &params, &t->prefetch, err) : MD_OK;
}

/* Equal bits at any rank count need the same arithmetic everywhere. */
static md_status check_same_arithmetic(md_trainer *t, md_error *err)
{
    if (!md_trainer_is_reproducible(t))
        return MD_OK;
    md_status status = md_agree_digest(t->comm, md_digest_bytes(MD_VERSION, strlen(MD_VERSION)),
                                       "the version", err);
    if (status)
        return md_fail_context(err, status, "reducer %s needs the same program on every node: ",
                               md_reducer_abouts[t->config->distributed.reducer].name);
    return MD_OK;
}

/* Without what makes flat rows flat. */
static md_model_spec without_flatten(const md_model_spec *spec)
{
    md_model_spec out = *spec;
    if (out.layers[0].kind == MD_LAYER_FLATTEN)
        memmove(out.layers, out.layers + 1, sizeof *out.layers * (size_t)--out.layer_count);
    out.columns *= out.rows;
    out.rows = 1;
    return out;
}

static int are_alike(const md_model_spec *file, const md_model_spec *own)
{
    if (own->rows > 1 || md_model_spec_input(file).rank == 3)
        return md_model_spec_equal(file, own);
    const md_model_spec a = without_flatten(file), b = without_flatten(own);
    return md_model_spec_equal(&a, &b);
}

/* Rank 0: fresh state, weights drawn from the seed or taken from a file. */
static md_status make_state(md_trainer *t, md_error *err)
{
    md_status status = md_capture_create(t, &t->state, err);
    if (status)
        return status;
    const char *path = t->config->train.initial_weights;
    if (!path[0]) {
        md_model_initialize(t->model, t->config->train.seed, t->state->parameters);
        return MD_OK;
    }
    md_model_spec spec;
    float *weights;
    status = md_keras_read(path, md_dataset_scale(t->dataset), &spec, &weights, err);
    if (status)
        return status;
    if (are_alike(&spec, &t->spec))
        memcpy(t->state->parameters, weights,
               md_model_layout(t->model)->parameters * sizeof *weights);
    else
        status = md_fail(err, MD_USAGE,
                         "train.initial_weights: the model in %s differs from the configuration's",
                         path);
    free(weights);
    return status;
}

static md_status start_state(md_trainer *t, md_error *err)
{
    md_status status = MD_OK;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_LOAD, 0);
    if (t->rank == 0)
        status = t->run->resuming ? md_trainer_adopt_checkpoint(t, err) : make_state(t, err);
    /* Only now: a start that fails must not cost an earlier run its place, nor a start from its
     * weights the file. */
    if (t->rank == 0 && !status)
        status = t->run->resuming ? md_folder_repair(t->run->folder, t->state, err)
                                  : md_folder_set_aside(t->run->folder, err);
    status = md_agree(t->comm, status, err);
    if (!status)
        status = md_comm_broadcast(t->comm, &t->at, sizeof t->at, 0, err);
    if (status)
        return status;
    const float *parameters = t->rank == 0 ? t->state->parameters : NULL;
    const float *const *moments =
        t->rank == 0 && t->run->resuming ? (const float *const *)t->state->moments : NULL;
    status = md_reducer_load(t->reducer, parameters, moments, err);
    if (!status && t->rank == 0)
        md_capture_lend(t, t->state);
    return status;
}

/* More or fewer epochs leave a resumed run's schedule as long as it was, unless told otherwise:
 * else its rate would jump. From now on the configuration says how long that is. */
static void keep_schedule(md_trainer *t)
{
    const md_run *run = t->run;
    md_config *config = &t->run->config;
    if (run->before.epochs > 0 && run->before.epochs != config->train.epochs &&
        config->schedule.steps == 0 && !run->schedule_told &&
        md_schedule_has_length(config->schedule.kind))
        config->schedule.steps = run->before.epochs * t->shape.steps_per_epoch;
}

static void plan_steps(md_trainer *t)
{
    t->shape.steps_per_epoch = md_sampler_steps(t->shape.images, t->shape.batch);
    keep_schedule(t);
    t->shape.last_step = t->config->train.epochs * t->shape.steps_per_epoch;
    t->shape.schedule_steps =
        t->config->schedule.steps > 0 ? t->config->schedule.steps : t->shape.last_step;
    const int64_t most = t->config->train.max_steps;
    if (most > 0 && most < t->shape.last_step)
        t->shape.last_step = most;
}

/* A rehearsal that can never happen would pass for one that went well. */
static md_status check_inject(const md_trainer *t, md_error *err)
{
    const md_fault *inject = t->params->inject;
    if (!inject)
        return MD_OK;
    md_status status = md_fault_check(inject, t->ranks, t->shape.last_step, err);
    if (status || t->rank != inject->rank)
        return status;
    const md_range batch = md_sampler_batch(t->shape.images, t->shape.batch,
                                            (inject->step - 1) % t->shape.steps_per_epoch);
    if (inject->kind == MD_FAULT_NAN && md_reducer_part(t->reducer, batch.count).count == 0)
        return md_fail(
            err, MD_USAGE,
            "--inject %s: the rank has no samples in this step's batch of %zu, and so no "
            "gradient; name a lower rank",
            inject->text, batch.count);
    if (inject->kind == MD_FAULT_ULP && md_reducer_slice(t->reducer).count == 0)
        return md_fail(err, MD_USAGE, "--inject %s: the rank steps no weights; name a lower rank",
                       inject->text);
    return MD_OK;
}

static void warn_of_idle_ranks(const md_trainer *t)
{
    if (t->shape.images < (size_t)t->ranks)
        md_warn("%d ranks share %zu training images: some ranks have nothing to do; use fewer",
                t->ranks, t->shape.images);
    else if (t->shape.batch < (size_t)t->ranks)
        md_warn("%d ranks share a batch of %zu: some ranks have nothing to do; use fewer, or a "
                "larger train.batch_size",
                t->ranks, t->shape.batch);
}

static void say_watched(const md_trainer *t, int looking)
{
    if (t->params->watched)
        t->params->watched(looking, t->params->context);
}

static void on_stall(const char *message, void *trainer)
{
    const md_trainer *t = trainer;
    t->params->on_stall(message, t->params->context);
}

static md_status start_heartbeat(md_trainer *t, md_error *err)
{
    const md_heartbeat_params params = {
        .folder = t->config->checkpoint.output,
        .timeout = t->params->debug ? 0.0 : t->config->distributed.stall_timeout,
        .rescue = md_trainer_rescue,
        .on_stall = t->params->on_stall ? on_stall : NULL,
        .context = t};
    md_status status = md_heartbeat_start(t->comm, &params, &t->heartbeat, err);
    if (!status)
        say_watched(t, 1);
    return status;
}

md_status md_trainer_set_up(md_trainer *t, md_comm *comm, md_error *err)
{
    md_status status =
        md_comm_create(md_comm_world(comm), (int)t->config->distributed.node_size, &t->comm, err);
    if (status)
        return status;
    t->rank = md_comm_rank(t->comm);
    t->ranks = md_comm_size(t->comm);
    status = start_heartbeat(t, err);
    if (status)
        return status;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_LOAD, 0);
    status = md_trainer_load(t, err);
    if (status)
        return status;
    const size_t wanted = (size_t)t->config->train.batch_size;
    t->shape.batch = wanted < t->shape.images ? wanted : t->shape.images;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_START, 0);
    t->exchanges = md_reducer_exchanges(t->config->distributed.reducer);
    if (t->exchanges)
        status = md_comm_give_places(t->comm, (int)t->config->distributed.active_ranks, err);
    if (!status)
        status = md_agree(t->comm, build_model(t, err), err);
    if (!status)
        status = build_prefetch(t, err);
    if (!status)
        status = build_reducer(t, err);
    if (!status)
        status = check_same_arithmetic(t, err);
    if (status)
        return status;
    plan_steps(t);
    warn_of_idle_ranks(t);
    status = md_agree(t->comm, check_inject(t, err), err);
    return status ? status : start_state(t, err);
}

void md_trainer_tear_down(md_trainer *t)
{
    if (t->heartbeat)
        say_watched(t, 0);
    md_prefetch_destroy(&t->prefetch); /* its thread beats */
    md_heartbeat_stop(&t->heartbeat);
    md_reducer_destroy(&t->reducer);
    md_inference_close(&t->inference);
    md_batcher_destroy(&t->batcher);
    md_model_destroy(&t->model);
    md_dataset_destroy(&t->dataset);
    md_checkpoint_destroy(&t->state);
    free(t->density);
    free(t->order);
    free(t->ids);
    md_comm_destroy(&t->comm);
}
