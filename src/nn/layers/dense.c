/* y = f(x W + b). */
#include "layer.h"

#include <stdlib.h>

#include "activation.h"
#include "mnist_dist/base/memory.h"
#include "products.h"

typedef struct dense {
    md_signal x;       /* of the last forward; borrowed */
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

static md_signal forward(md_layer *layer, const md_walk *walk, md_signal x)
{
    dense *d = layer->state;
    const float *w = walk->parameters + layer->kernel->offset;
    const float *b = walk->parameters + layer->bias->offset;
    md_dense_shape shape = {walk->kernels, walk->samples, layer->in, layer->out};
    d->x = x;
    if (x.rows)
        walk->kernels->sparse_forward(x.rows, walk->samples, w, b, layer->out, d->y);
    else
        md_dense_forward(&shape, x.values, w, b, d->y);
    md_activation_apply(walk->kernels, layer->spec->activation, d->y, walk->samples * layer->out);
    return (md_signal){.values = d->y};
}

static float *backward(md_layer *layer, const md_walk *walk, float *dy)
{
    dense *d = layer->state;
    const md_kernels *kernels = walk->kernels;
    md_dense_shape shape = {kernels, walk->samples, layer->in, layer->out};
    float *dw = walk->gradient + layer->kernel->offset;
    md_activation_gradient(kernels, layer->spec->activation, d->y, dy, shape.n * shape.out);
    kernels->column_sum(dy, shape.n, shape.out, walk->gradient + layer->bias->offset);
    if (d->x.rows)
        kernels->sparse_gradient(d->x.rows, shape.n, shape.in, dy, shape.out, dw, d->scratch);
    else
        md_dense_weight_gradient(&shape, d->x.values, dy, dw);
    if (!layer->propagates)
        return NULL;
    md_dense_input_gradient(&shape, dy, walk->parameters + layer->kernel->offset, d->transposed,
                            d->dx);
    return d->dx;
}

const md_layer_ops md_dense_ops = {
    .create = create, .destroy = destroy, .forward = forward, .backward = backward};
