/* y = f(x W + b). */
#include "layer.h"

#include <math.h>
#include <stdlib.h>

#include "activation.h"
#include "mnist_dist/base/memory.h"
#include "products.h"

enum { KERNEL, BIAS }; /* in the order of its descriptor */

typedef struct dense {
    md_activations x;  /* of the last forward; borrowed */
    float *y;          /* [max_samples][out] */
    float *dx;         /* [max_samples][in], if the layer propagates */
    float *transposed; /* room for W, if the layer propagates */
    void *scratch;     /* of the sparse gradient, if it does not: only then may x be sparse */
} dense;

static md_status create(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err)
{
    md_status status = md_allocate(&layer->state, 1, sizeof(dense), "a dense layer", err);
    if (status)
        return status;
    dense *d = layer->state;
    size_t in = layer->in, out = layer->out;
    status = md_allocate((void **)&d->y, max_samples * out, sizeof *d->y, "activations", err);
    if (status)
        return status;
    if (!layer->propagates)
        return md_allocate(&d->scratch, kernels->sparse_scratch(max_samples, in), 1,
                           "sorted pixels", err);
    status = md_allocate((void **)&d->dx, max_samples * in, sizeof *d->dx, "gradients", err);
    if (status)
        return status;
    return md_allocate((void **)&d->transposed, in * out, sizeof *d->transposed,
                       "transposed weights", err);
}

static void destroy(md_layer *layer)
{
    dense *d = layer->state;
    if (!d)
        return;
    free(d->y);
    free(d->dx);
    free(d->transposed);
    free(d->scratch);
    free(d);
}

static md_activations forward(md_layer *layer, const md_forward_context *context, md_activations x)
{
    dense *d = layer->state;
    const float *w = context->parameters + layer->tensors[KERNEL].offset;
    const float *b = context->parameters + layer->tensors[BIAS].offset;
    md_dense_shape shape = {context->kernels, context->samples, layer->in, layer->out};
    d->x = x;
    if (x.rows)
        context->kernels->sparse_forward(x.rows, context->samples, w, b, layer->out, d->y);
    else
        md_dense_forward(&shape, x.values, w, b, d->y);
    md_activation_apply(context->kernels, layer->spec->activation, d->y,
                        context->samples * layer->out);
    return (md_activations){.values = d->y};
}

static float *backward(md_layer *layer, const md_forward_context *context, float *dy)
{
    dense *d = layer->state;
    const md_kernels *kernels = context->kernels;
    md_dense_shape shape = {kernels, context->samples, layer->in, layer->out};
    float *dw = context->gradient + layer->tensors[KERNEL].offset;
    md_activation_gradient(kernels, layer->spec->activation, d->y, dy, shape.n * shape.out);
    kernels->column_sum(dy, shape.n, shape.out, context->gradient + layer->tensors[BIAS].offset);
    if (d->x.rows)
        kernels->sparse_gradient(d->x.rows, shape.n, shape.in, dy, shape.out, dw, d->scratch);
    else
        md_dense_weight_gradient(&shape, d->x.values, dy, dw);
    if (!layer->propagates)
        return NULL;
    md_dense_input_gradient(&shape, dy, context->parameters + layer->tensors[KERNEL].offset,
                            d->transposed, d->dx);
    return d->dx;
}

static double activate(md_activation activation, double z)
{
    switch (activation) {
    case MD_RELU:
        return z > 0.0 ? z : 0.0;
    case MD_TANH:
        return tanh(z);
    case MD_SIGMOID:
        return 1.0 / (1.0 + exp(-z));
    case MD_LINEAR:
    case MD_SOFTMAX:
        break;
    }
    return z;
}

static void twin(const md_layer *layer, const md_forward_context *context, const double *weights,
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
        y[j] = activate(layer->spec->activation, y[j]);
}

const md_layer_ops md_layer_ops_dense = {.takes_sparse = 1,
                                         .create = create,
                                         .destroy = destroy,
                                         .forward = forward,
                                         .backward = backward,
                                         .twin = twin};
