/* y = f(x W + b). */
#include "layer.h"

#include <stdlib.h>

#include "activation.h"
#include "mnist_dist/base/memory.h"
#include "products.h"

enum { KERNEL, BIAS }; /* in the order of its descriptor */

typedef struct dense {
    void *scratch; /* of the sparse gradient, if the layer does not propagate: x may be sparse */
    size_t sorted; /* pixels in scratch, */
    size_t first;  /* from this one on; of batches up to a block */
} dense;

static md_status create(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err)
{
    md_status status = md_allocate(&layer->state, 1, sizeof(dense), "a dense layer", err);
    if (status)
        return status;
    dense *d = layer->state;
    const size_t block = max_samples < MD_SPARSE_BLOCK ? max_samples : MD_SPARSE_BLOCK;
    if (layer->propagates)
        return MD_OK;
    return md_allocate(&d->scratch, kernels->sparse_scratch(block, layer->in), 1, "sorted pixels",
                       err);
}

static void destroy(md_layer *layer)
{
    dense *d = layer->state;
    if (!d)
        return;
    free(d->scratch);
    free(d);
}

static md_dense_shape shape_of(const md_layer *layer, const md_context *context)
{
    return (md_dense_shape){context->kernels, context->batch->samples, layer->in, layer->out};
}

static void forward(md_layer *layer, const md_context *context)
{
    const float *w = context->parameters + layer->tensors[KERNEL].offset;
    const float *b = context->parameters + layer->tensors[BIAS].offset;
    const md_dense_shape shape = shape_of(layer, context);
    const float *x = md_inputs_of(layer, context);
    float *y = md_rows_of(layer->y, context, layer->out);
    if (x)
        md_dense_forward(&shape, x, w, b, y);
    else
        context->kernels->sparse_forward(context->batch->rows, shape.n, w, b, layer->out, y);
    md_activation_apply(context->kernels, layer->activation, y, shape.n * layer->out);
}

static void backward(md_layer *layer, const md_context *context)
{
    const md_dense_shape shape = shape_of(layer, context);
    const float *y = md_rows_of(layer->y, context, layer->out);
    float *dy = md_rows_of(layer->dy, context, layer->out);
    md_activation_gradient(context->kernels, layer->activation, y, dy, shape.n * shape.out);
    if (layer->dx)
        md_dense_input_gradient(&shape, dy, context->parameters + layer->tensors[KERNEL].offset,
                                md_rows_of(layer->dx, context, layer->in));
}

/* Batches larger than a block are sorted block by block, for each part anew. */
static void sort(md_layer *layer, const md_context *context, size_t first, size_t rows)
{
    dense *d = layer->state;
    const md_batch *batch = context->batch;
    d->first = first;
    d->sorted = rows;
    if (!md_inputs_of(layer, context) && batch->samples <= MD_SPARSE_BLOCK)
        context->kernels->sparse_columns(batch->rows, batch->samples, first, rows, d->scratch);
}

static void sparse_gradient(md_layer *layer, const md_context *context, size_t first, size_t rows,
                            float *dw)
{
    const dense *d = layer->state;
    const md_batch *batch = context->batch;
    const float *dy = md_rows_of(layer->dy, context, layer->out);
    md_sparse_gradient p = {.scratch = d->scratch,
                            .n = batch->samples,
                            .pixels = d->sorted,
                            .begin = first - d->first,
                            .count = rows,
                            .out = layer->out,
                            .dy = dy,
                            .dw = dw};
    if (batch->samples <= MD_SPARSE_BLOCK) {
        context->kernels->sparse_gradient(&p);
        return;
    }
    p.pixels = rows;
    p.begin = 0;
    for (size_t at = 0; at < batch->samples; at += MD_SPARSE_BLOCK) {
        const size_t left = batch->samples - at;
        p.n = left < MD_SPARSE_BLOCK ? left : MD_SPARSE_BLOCK;
        p.dy = dy + at * layer->out;
        p.add = at > 0;
        context->kernels->sparse_columns(batch->rows + at, p.n, first, rows, d->scratch);
        context->kernels->sparse_gradient(&p);
    }
}

static void weight_gradient(md_layer *layer, const md_context *context, int tensor, size_t first,
                            size_t rows, float *gradient)
{
    const md_dense_shape shape = shape_of(layer, context);
    const float *x = md_inputs_of(layer, context);
    const float *dy = md_rows_of(layer->dy, context, layer->out);
    if (tensor == BIAS)
        context->kernels->column_sum(dy, shape.n, shape.out, gradient);
    else if (x)
        md_dense_weight_gradient(&shape, x, dy, first, rows, gradient);
    else
        sparse_gradient(layer, context, first, rows, gradient);
}

static void twin(const md_layer *layer, const md_context *context, const double *weights,
                 const double *x, double *y)
{
    (void)context;
    const size_t in = layer->in, out = layer->out;
    const double *bias = weights + in * out;
    for (size_t j = 0; j < out; j++)
        y[j] = bias[j];
    for (size_t i = 0; i < in; i++)
        for (size_t j = 0; j < out; j++)
            y[j] += x[i] * weights[i * out + j];
    for (size_t j = 0; j < out; j++)
        y[j] = md_activation_twin(layer->activation, y[j]);
}

const md_layer_ops md_layer_ops_dense = {.takes_sparse = 1,
                                         .has_output = 1,
                                         .has_gradient = 1,
                                         .create = create,
                                         .destroy = destroy,
                                         .forward = forward,
                                         .backward = backward,
                                         .sort = sort,
                                         .weight_gradient = weight_gradient,
                                         .twin = twin};
