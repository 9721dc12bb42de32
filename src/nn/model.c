#include "mnist_dist/nn/model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "elementary.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"
#include "model_internal.h"

enum { TILE = 2048 }; /* floats of a gradient: with weights and two moments 32 KB */

#define MD_KIND(NAME, name) extern const md_layer_ops md_layer_ops_##name;
MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND

static const md_layer_ops *const kinds[MD_LAYER_KIND_COUNT] = {
#define MD_KIND(NAME, name) &md_layer_ops_##name,
    MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND
};

const md_model_spec *md_model_get_spec(const md_model *model)
{
    return &model->spec;
}

size_t md_model_outputs(const md_model *model)
{
    return model->outputs;
}

int md_layers_describe(const md_model_spec *spec, const md_layout *layout,
                       md_layer layers[MD_MAX_LAYERS])
{
    const int first_weighted = layout->tensors[0].layer;
    for (int i = 0; i < spec->layer_count; i++)
        layers[i] = (md_layer){.ops = kinds[spec->layers[i].kind],
                               .spec = &spec->layers[i],
                               .index = i,
                               .activation = i + 1 < spec->layer_count ? spec->layers[i].activation
                                                                       : MD_LINEAR,
                               .in_shape = &layout->shapes[i],
                               .out_shape = &layout->shapes[i + 1],
                               .in = md_shape_size(&layout->shapes[i]),
                               .out = md_shape_size(&layout->shapes[i + 1]),
                               .tensors = &layout->tensors[layout->first[i]],
                               .tensor_count = layout->first[i + 1] - layout->first[i],
                               .propagates = i > first_weighted};
    return first_weighted;
}

static md_status make_buffers(md_model *model, size_t max_samples, md_error *err)
{
    for (int i = 0; i < model->spec.layer_count; i++) {
        md_layer *layer = &model->layers[i];
        if (!layer->ops->create)
            continue;
        md_status status = layer->ops->create(layer, model->kernels, max_samples, err);
        if (status)
            return status;
    }
    md_status status = md_model_place_all(model, max_samples, err);
    if (status)
        return status;
    status = md_allocate((void **)&model->loss, max_samples, sizeof *model->loss, "losses", err);
    if (!status && md_model_spec_answer(&model->spec) == MD_ANSWER_NUMBERS)
        status =
            md_allocate((void **)&model->error, max_samples, sizeof *model->error, "errors", err);
    return status;
}

md_status md_model_create(const md_model_spec *spec, size_t max_samples, const md_kernels *kernels,
                          md_model **out, md_error *err)
{
    *out = NULL;
    md_status status = md_model_spec_check(spec, err);
    if (status)
        return status;
    md_model *model = calloc(1, sizeof *model);
    if (!model)
        return md_fail_memory(err, "a model", sizeof *model);
    model->spec = *spec;
    model->kernels = kernels;
    md_model_spec_layout(&model->spec, &model->layout);
    model->outputs = (size_t)md_model_spec_outputs(spec);
    model->loss_function = md_loss_find(md_model_spec_loss(spec));
    model->first_weighted = md_layers_describe(&model->spec, &model->layout, model->layers);
    status = make_buffers(model, max_samples, err);
    if (status)
        md_model_destroy(&model);
    *out = model;
    return status;
}

void md_model_destroy(md_model **model)
{
    md_model *m = *model;
    if (!m)
        return;
    for (int i = 0; i < m->spec.layer_count; i++)
        if (m->layers[i].ops->destroy)
            m->layers[i].ops->destroy(&m->layers[i]);
    free(m->own);
    free(m->loss);
    free(m->error);
    free(m);
    *model = NULL;
}

const md_layout *md_model_layout(const md_model *model)
{
    return &model->layout;
}

int md_model_takes_sparse(const md_model *model)
{
    int i = 0;
    while (model->layers[i].ops->takes_sparse && !model->layers[i].ops->has_output)
        i++;
    return model->layers[i].ops->takes_sparse;
}

/* U(-l, l) with l = sqrt(6 / (fan_in + fan_out)); each array has counters of its own. */
static void draw_glorot(const md_tensor *tensor, int number, uint64_t seed, float *w)
{
    const double limit = sqrt(6.0 / (double)(tensor->fan_in + tensor->fan_out));
    const md_rng_key key = {seed, MD_STREAM_INITIALIZER, (uint32_t)tensor->layer};
    md_rng_uniform(&key, (uint64_t)number << 40, w, tensor->count);
    for (size_t j = 0; j < tensor->count; j++)
        w[j] = (float)((2.0 * (double)w[j] - 1.0) * limit);
}

void md_model_initialize(const md_model *model, uint64_t seed, float *parameters)
{
    const md_layout *layout = &model->layout;
    memset(parameters, 0, layout->parameters * sizeof *parameters);
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *tensor = &layout->tensors[i];
        if (tensor->fan_in)
            draw_glorot(tensor, i - layout->first[tensor->layer], seed,
                        parameters + tensor->offset);
    }
}

static const md_layer *last_layer(const md_model *model)
{
    return &model->layers[model->spec.layer_count - 1];
}

const float *md_model_forward(md_model *model, const float *parameters, const md_batch *batch,
                              const md_pass *pass)
{
    model->context = (md_context){
        .kernels = model->kernels, .parameters = parameters, .batch = batch, .pass = *pass};
    for (int i = 0; i < model->spec.layer_count; i++)
        if (model->layers[i].ops->forward)
            model->layers[i].ops->forward(&model->layers[i], &model->context);
    return md_rows_of(last_layer(model)->y, &model->context, model->outputs);
}

const float *md_model_output(const md_model *model, int layer)
{
    const md_layer *l = &model->layers[layer];
    return md_rows_of(l->y, &model->context, l->out);
}

const float *md_model_loss(md_model *model, const md_batch *batch, size_t *correct)
{
    const md_layer *last = last_layer(model);
    model->context.batch = batch;
    const md_loss_batch task = {.kernels = model->kernels,
                                .spec = &model->spec,
                                .n = batch->samples,
                                .width = model->outputs,
                                .z = md_rows_of(last->y, &model->context, model->outputs),
                                .labels = batch->labels,
                                .targets = batch->targets,
                                .loss = model->loss,
                                .dz = md_rows_of(last->dy, &model->context, model->outputs),
                                .error = model->error};
    *correct = model->loss_function->compute(&task);
    return model->loss;
}

const float *md_model_errors(const md_model *model)
{
    return model->error;
}

/* A layer's gradients by its weights, summed over each micro-shard of the batch. */
static void sum_micro_shards(md_layer *layer, const md_context *context)
{
    const md_batch *batch = context->batch;
    float *sum = layer->sums + batch->first / MD_MICRO_SHARD * md_layer_weights(layer);
    assert(batch->first % MD_MICRO_SHARD == 0);
    for (size_t at = 0; at < batch->samples; at += MD_MICRO_SHARD) {
        const size_t left = batch->samples - at;
        md_batch shard = {.samples = left < MD_MICRO_SHARD ? left : MD_MICRO_SHARD,
                          .first = batch->first + at,
                          .pixels = batch->pixels ? batch->pixels + at * layer->in : NULL};
        md_context part = *context;
        part.batch = &shard;
        for (int k = 0; k < layer->tensor_count; k++) {
            const md_tensor *tensor = &layer->tensors[k];
            layer->ops->weight_gradient(layer, &part, k, 0, tensor->count / md_tensor_row(tensor),
                                        sum);
            sum += tensor->count;
        }
    }
}

float *md_model_propagate(md_model *model, const float *parameters, const md_batch *batch)
{
    model->context.parameters = parameters;
    model->context.batch = batch;
    for (int i = model->spec.layer_count - 1; i >= model->first_weighted && batch->samples; i--) {
        md_layer *layer = &model->layers[i];
        if (layer->ops->backward)
            layer->ops->backward(layer, &model->context);
        if (layer->sums)
            sum_micro_shards(layer, &model->context);
    }
    return md_rows_of(last_layer(model)->dy, &model->context, model->outputs);
}

static md_range overlap(md_range a, md_range b)
{
    const size_t begin = a.begin > b.begin ? a.begin : b.begin;
    const size_t end_a = a.begin + a.count, end_b = b.begin + b.count;
    const size_t end = end_a < end_b ? end_a : end_b;
    return (md_range){begin, begin < end ? end - begin : 0};
}

static md_range range_of(const md_tensor *tensor)
{
    return (md_range){tensor->offset, tensor->count};
}

/* Tensor number k's part of a range of parameters, in rows of the tensor. */
static md_range rows_within(const md_tensor *tensor, md_range range)
{
    const size_t row = md_tensor_row(tensor);
    const md_range part = overlap(range_of(tensor), range);
    assert(part.count % row == 0 && (part.count == 0 || (part.begin - tensor->offset) % row == 0));
    return (md_range){part.count ? (part.begin - tensor->offset) / row : 0, part.count / row};
}

void md_model_sort(md_model *model, const md_batch *batch, md_range range)
{
    model->context.batch = batch;
    for (int i = model->first_weighted; i < model->spec.layer_count; i++) {
        md_layer *layer = &model->layers[i];
        if (!layer->ops->sort || layer->tensor_count == 0)
            continue;
        const md_range rows = rows_within(&layer->tensors[0], range);
        if (rows.count > 0)
            layer->ops->sort(layer, &model->context, rows.begin, rows.count);
    }
}

/* The same weights' sums of all micro-shards, in order. */
static void add_sums(const md_layer *layer, const md_tensor *tensor, md_range rows, size_t samples,
                     float *gradient)
{
    const size_t row = md_tensor_row(tensor), count = rows.count * row,
                 stride = md_layer_weights(layer);
    const float *sum = layer->sums + (tensor->offset - layer->tensors[0].offset) + rows.begin * row;
    memcpy(gradient, sum, count * sizeof *gradient);
    for (size_t at = MD_MICRO_SHARD; at < samples; at += MD_MICRO_SHARD) {
        sum += stride;
        for (size_t j = 0; j < count; j++)
            gradient[j] += sum[j];
    }
}

/* Of some rows of tensor number k. */
static void gradient_of_rows(md_model *model, int k, md_range rows, float *gradient)
{
    const md_tensor *tensor = &model->layout.tensors[k];
    const int owner = tensor->layer;
    md_layer *layer = &model->layers[owner];
    if (layer->sums)
        add_sums(layer, tensor, rows, model->context.batch->samples, gradient);
    else
        layer->ops->weight_gradient(layer, &model->context, k - model->layout.first[owner],
                                    rows.begin, rows.count, gradient);
}

void md_model_gradient(md_model *model, const md_batch *batch, md_range range, float *gradient)
{
    model->context.batch = batch;
    for (int k = 0; k < model->layout.tensor_count; k++) {
        const md_tensor *tensor = &model->layout.tensors[k];
        const md_range rows = rows_within(tensor, range);
        if (rows.count == 0)
            continue;
        gradient_of_rows(model, k, rows, gradient);
        gradient += rows.count * md_tensor_row(tensor);
    }
}

static size_t rows_of_tile(const md_tensor *tensor, size_t samples)
{
    const size_t row = md_tensor_row(tensor);
    const int slides = tensor->rank > 2 && !tensor->summed; /* over all images for each tile */
    if (samples > MD_SPARSE_BLOCK || slides)
        return tensor->count / row;
    return row < TILE ? TILE / row : 1;
}

void md_model_gradient_tiles(md_model *model, const md_batch *batch, md_range range, float *buffer,
                             void (*consume)(void *context, md_range tile, const float *gradient),
                             void *context)
{
    model->context.batch = batch;
    for (int k = 0; k < model->layout.tensor_count; k++) {
        const md_tensor *tensor = &model->layout.tensors[k];
        const size_t row = md_tensor_row(tensor), most = rows_of_tile(tensor, batch->samples);
        md_range rest = rows_within(tensor, range);
        while (rest.count > 0) {
            const md_range rows = {rest.begin, rest.count < most ? rest.count : most};
            gradient_of_rows(model, k, rows, buffer);
            consume(context, (md_range){tensor->offset + rows.begin * row, rows.count * row},
                    buffer);
            rest = (md_range){rest.begin + rows.count, rest.count - rows.count};
        }
    }
}

void md_model_backward(md_model *model, const float *parameters, const md_batch *batch,
                       float *gradient)
{
    const md_range all = {0, model->layout.parameters};
    if (batch->samples == 0) {
        memset(gradient, 0, all.count * sizeof *gradient);
        return;
    }
    md_model_propagate(model, parameters, batch);
    md_model_sort(model, batch, all);
    md_model_gradient(model, batch, all, gradient);
}

static void softmax(const float *logits, size_t n, size_t classes, float *probabilities)
{
    for (size_t i = 0; i < n; i++, logits += classes, probabilities += classes) {
        float top = logits[0], sum = 0.0f;
        for (size_t c = 1; c < classes; c++)
            top = logits[c] > top ? logits[c] : top;
        for (size_t c = 0; c < classes; c++) {
            probabilities[c] = nearest_exp(logits[c] - top);
            sum += probabilities[c];
        }
        for (size_t c = 0; c < classes; c++)
            probabilities[c] /= sum;
    }
}

void md_model_answer(const md_model_spec *spec, const float *logits, size_t n, float *answers)
{
    const size_t outputs = (size_t)md_model_spec_outputs(spec);
    switch (spec->layers[spec->layer_count - 1].activation) {
    case MD_SOFTMAX:
        softmax(logits, n, outputs, answers);
        break;
    case MD_SIGMOID:
        for (size_t i = 0; i < n * outputs; i++)
            answers[i] = nearly_sigmoid(logits[i]);
        break;
    default:
        memmove(answers, logits, n * outputs * sizeof *answers);
    }
}
