/* Inverted dropout as in Keras: in training each value is kept with probability 1 - rate and then
 * scaled by 1 / (1 - rate). Masks depend on the sample, not on its place in the batch. */
#include "layer.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"

typedef struct dropout {
    float *mask; /* [max_samples][width]: 0 or the scale */
    int active;  /* did the last forward drop anything? */
} dropout;

static md_status create(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err)
{
    (void)kernels;
    md_status status = md_allocate(&layer->state, 1, sizeof(dropout), "a dropout layer", err);
    if (status)
        return status;
    dropout *d = layer->state;
    size_t count = max_samples * layer->out;
    return md_allocate((void **)&d->mask, count, sizeof *d->mask, "dropout masks", err);
}

static void destroy(md_layer *layer)
{
    dropout *d = layer->state;
    if (!d)
        return;
    free(d->mask);
    free(d);
}

/* What one sample's values first, ... are multiplied by: mask[count]. first is a multiple of 4. */
static void draw_mask(const md_layer *layer, const md_pass *pass, uint32_t id, size_t first,
                      size_t count, float *mask)
{
    md_rng_key key = {.seed = pass->seed,
                      .stream = MD_STREAM_DROPOUT,
                      .high = pass->epoch * MD_MAX_LAYERS + (uint32_t)layer->index};
    const float rate = (float)layer->spec->rate;
    const float scale = (float)(1.0 / (1.0 - layer->spec->rate));
    md_rng_uniform(&key, ((uint64_t)id << 32) + first / 4, mask, count);
    for (size_t j = 0; j < count; j++)
        mask[j] = mask[j] < rate ? 0.0f : scale;
}

static int drops(const md_context *context)
{
    return context->pass.mode == MD_TRAIN && context->batch->ids;
}

static void forward(md_layer *layer, const md_context *context)
{
    dropout *d = layer->state;
    const size_t samples = context->batch->samples, count = samples * layer->out;
    const uint32_t *ids = context->batch->ids;
    const float *x = md_inputs_of(layer, context);
    float *y = md_rows_of(layer->y, context, layer->out);
    d->active = drops(context);
    if (!d->active) {
        memcpy(y, x, count * sizeof *y);
        return;
    }
    for (size_t i = 0; i < samples; i++)
        draw_mask(layer, &context->pass, ids[i], 0, layer->out, d->mask + i * layer->out);
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * d->mask[i];
}

static void backward(md_layer *layer, const md_context *context)
{
    const dropout *d = layer->state;
    float *dy = md_rows_of(layer->dy, context, layer->out);
    if (d->active)
        for (size_t i = 0; i < context->batch->samples * layer->out; i++)
            dy[i] *= d->mask[i];
}

static void twin(const md_layer *layer, const md_context *context, const double *weights,
                 const double *x, double *y)
{
    (void)weights;
    float mask[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    for (size_t j = 0; j < layer->out; j++) {
        if (j % 4 == 0 && drops(context))
            draw_mask(layer, &context->pass, *context->batch->ids, j, 4, mask);
        y[j] = x[j] * (double)mask[j % 4];
    }
}

const md_layer_ops md_layer_ops_dropout = {.has_output = 1,
                                           .create = create,
                                           .destroy = destroy,
                                           .forward = forward,
                                           .backward = backward,
                                           .twin = twin};
