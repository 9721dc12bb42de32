/* Inverted dropout as in Keras: in training each value is kept with probability 1 - rate and then
 * scaled by 1 / (1 - rate). Masks depend on the sample, not on its place in the batch. */
#include "layer.h"

#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"

typedef struct dropout {
    float *y;    /* [max_samples][width] */
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
    status = md_allocate((void **)&d->y, count, sizeof *d->y, "activations", err);
    if (status)
        return status;
    return md_allocate((void **)&d->mask, count, sizeof *d->mask, "dropout masks", err);
}

static void destroy(md_layer *layer)
{
    dropout *d = layer->state;
    if (!d)
        return;
    free(d->y);
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

static int drops(const md_forward_context *context)
{
    return context->pass.mode == MD_TRAIN && context->ids;
}

static md_activations forward(md_layer *layer, const md_forward_context *context, md_activations x)
{
    dropout *d = layer->state;
    d->active = drops(context);
    if (!d->active)
        return x;
    for (size_t i = 0; i < context->samples; i++)
        draw_mask(layer, &context->pass, context->ids[i], 0, layer->out, d->mask + i * layer->out);
    for (size_t i = 0; i < context->samples * layer->out; i++)
        d->y[i] = x.values[i] * d->mask[i];
    return (md_activations){.values = d->y};
}

static float *backward(md_layer *layer, const md_forward_context *context, float *dy)
{
    const dropout *d = layer->state;
    if (d->active)
        for (size_t i = 0; i < context->samples * layer->out; i++)
            dy[i] *= d->mask[i];
    return dy;
}

static void twin(const md_layer *layer, const md_forward_context *context, const double *weights,
                 const double *x, double *y)
{
    (void)weights;
    float mask[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    for (size_t j = 0; j < layer->out; j++) {
        if (j % 4 == 0 && drops(context))
            draw_mask(layer, &context->pass, *context->ids, j, 4, mask);
        y[j] = x[j] * (double)mask[j % 4];
    }
}

const md_layer_ops md_layer_ops_dropout = {
    .create = create, .destroy = destroy, .forward = forward, .backward = backward, .twin = twin};
