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

/* The model that nobody chose is the notebook's, for as many classes as data.classes says or as
 * have names. */
static void fit_default_model(md_trainer *t)
{
    const md_store_header *header = md_dataset_store(t->dataset)->header;
    md_model_spec *model = &t->run->config.model;
    md_layer_spec *last = &model->layers[model->layer_count - 1];
    const int told = t->config->data.classes ? (int)t->config->data.classes : (int)header->named;
    if (md_config_given(t->config, "model") || header->targets > 0)
        return;
    if (told > 0)
        last->units = told;
}

/* A label that lies alone far beyond the others is a mistake in the data rather than a class. */
static md_status fail_classes(const md_trainer *t, int units, int classes, md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const char *source = t->config->data.source;
    int32_t below = -1;
    size_t count = 0, at = 0;
    md_split where = MD_SPLIT_TRAIN;
    for (int split = 0; split < 2; split++) {
        const int32_t *labels = md_store_labels(store, (md_split)split);
        for (size_t i = 0; labels && i < md_store_images(store, (md_split)split); i++)
            if (labels[i] != classes - 1)
                below = labels[i] > below ? labels[i] : below;
            else if (count++ == 0) {
                where = (md_split)split;
                at = i;
            }
    }
    if (count == 1 && below >= 0 && below < classes - 2 && below < units)
        return md_fail(
            err, MD_USAGE,
            "%s: the label of %s sample %zu (from 0) is %d, far beyond all others, which "
            "go up to %d; mend it, or set the last layer's units to %d",
            source, where == MD_SPLIT_TRAIN ? "training" : "test", at, classes - 1, below, classes);
    return md_fail(err, MD_USAGE,
                   "model: the last layer ('%s') has %d units but %s has %d classes; set its units "
                   "to %d",
                   t->spec.layers[t->spec.layer_count - 1].name, units, source, classes, classes);
}

/* Numbers, or labels that can be true together. */
static md_status check_targets(const md_trainer *t, md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const size_t outputs = (size_t)md_model_spec_outputs(&t->spec);
    const float *targets = md_store_values(store, MD_SPLIT_TRAIN);
    if (store->header->targets != outputs)
        return md_fail(err, MD_USAGE,
                       "model: the last layer ('%s') has %zu units but %s has %zu targets; set its "
                       "units to %zu",
                       t->spec.layers[t->spec.layer_count - 1].name, outputs,
                       t->config->data.source, store->header->targets, store->header->targets);
    if (t->answers_numbers)
        return MD_OK;
    for (size_t i = 0; i < t->shape.images * outputs; i++)
        if (!(targets[i] >= 0.0f && targets[i] <= 1.0f))
            return md_fail(err, MD_BAD_DATA,
                           "%s: target %zu of sample %zu is %g, but the last layer ('%s') has "
                           "sigmoid, whose targets lie in 0 to 1; numbers take activation linear",
                           t->config->data.source, i % outputs, i / outputs, (double)targets[i],
                           t->spec.layers[t->spec.layer_count - 1].name);
    return MD_OK;
}

/* A class that the files do not show may be there all the same. */
static md_status check_classes(const md_trainer *t, md_error *err)
{
    const int units = md_model_spec_classes(&t->spec);
    const int found = md_dataset_store(t->dataset)->header->classes;
    const int told = (int)t->config->data.classes;
    if (units != md_model_spec_outputs(&t->spec) && found > units)
        return md_fail(err, MD_USAGE,
                       "model: the last layer ('%s') is one sigmoid, for two classes, but %s has "
                       "%d; give it %d units with activation softmax",
                       t->spec.layers[t->spec.layer_count - 1].name, t->config->data.source, found,
                       found);
    if (told > 0 && (found > told || units != told))
        return md_fail(err, MD_USAGE,
                       "data.classes is %d, but labels of %s go up to %d and the last layer ('%s') "
                       "has %d units; let all agree",
                       told, t->config->data.source, found - 1,
                       t->spec.layers[t->spec.layer_count - 1].name, units);
    if (units < found)
        return fail_classes(t, units, found, err);
    if (units > found && told == 0)
        md_warn("%s: labels go up to %d only, the last layer has %d units; data.classes=%d says "
                "that this is meant",
                t->config->data.source, found - 1, units, units);
    return MD_OK;
}

static md_status check_answers(const md_trainer *t, md_error *err)
{
    const int classes = md_model_spec_classes(&t->spec);
    if (classes == 0)
        return check_targets(t, err);
    if (md_dataset_store(t->dataset)->header->targets == 0)
        return check_classes(t, err);
    return md_fail(
        err, MD_USAGE,
        "model: the last layer ('%s') answers with one of %d classes, but %s has numbers "
        "to be answered; give it activation linear",
        t->spec.layers[t->spec.layer_count - 1].name, classes, t->config->data.source);
}

/* Images have rows and columns, which Keras' Dense would take one row at a time. */
static md_status check_flatten(const md_model_spec *spec, md_error *err)
{
    if (spec->rows == 1 || md_model_spec_takes_images(spec))
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "model: layer '%s' needs flat input, but images are %d x %d; put {layer: "
                   "flatten} before it",
                   spec->layers[0].name, spec->rows, spec->columns);
}

/* Data in one part have no validation, whatever the key says. */
static md_status check_monitor(const md_trainer *t, md_error *err)
{
    const char *word = md_monitor_words[t->config->early_stopping.monitor];
    if (t->config->early_stopping.patience == 0 || strncmp(word, "val_", 4) != 0 ||
        md_dataset_validation(t->dataset).count > 0)
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "early_stopping.monitor is %s, but %s has one part, and so no validation; set "
                   "data.validation to split:N, or monitor %s",
                   word, t->config->data.source, word + 4);
}

static md_status build_model(md_trainer *t, md_error *err)
{
    const md_store_header *header = md_dataset_store(t->dataset)->header;
    fit_default_model(t);
    t->spec = t->config->model;
    t->spec.rows = (int)header->shape.rows;
    t->spec.columns = (int)header->shape.columns;
    md_model_spec_name_layers(&t->spec);
    t->answers_numbers = md_model_spec_answer(&t->spec) == MD_ANSWER_NUMBERS;
    md_status status = md_model_spec_check(&t->spec, err);
    if (!status)
        status = check_flatten(&t->spec, err);
    if (!status)
        status = check_answers(t, err);
    if (!status)
        status = check_monitor(t, err);
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

/* The part of the weights that this rank steps, where each has its own. */
static md_status cut_slice(const md_trainer *t, md_range *out, md_error *err)
{
    float *density = NULL;
    md_status status = MD_OK;
    if (!t->exchanges)
        return MD_OK;
    if (md_batcher_is_sparse(t->batcher))
        status = sample_density(t, &density, err);
    if (!status)
        *out = md_slice_cut(md_model_layout(t->model), density, t->shape.batch,
                            md_comm_node_rank(t->comm), md_comm_node_size(t->comm));
    free(density);
    return status;
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
                                .all_within = t->kernels->all_within};
    md_status status = md_agree(t->comm, cut_slice(t, &params.slice, err), err);
    if (!status)
        status = md_reducer_create(t->comm, &params, &t->reducer, err);
    if (status)
        return status;
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
    if (status || inject->kind != MD_FAULT_NAN)
        return status;
    const md_range batch = md_sampler_batch(t->shape.images, t->shape.batch,
                                            (inject->step - 1) % t->shape.steps_per_epoch);
    if (t->rank != inject->rank || md_reducer_part(t->reducer, batch.count).count > 0)
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "--inject %s: the rank has no samples in this step's batch of %zu, and so no "
                   "gradient; name a lower rank",
                   inject->text, batch.count);
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
    t->exchanges = md_reducer_exchanges(t->config->distributed.reducer);
    t->streams = t->exchanges && md_comm_node_size(t->comm) > 1;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_START, 0);
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
    free(t->order);
    free(t->ids);
    md_comm_destroy(&t->comm);
}
