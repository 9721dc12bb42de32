/* Stochastic gradient descent with momentum, as Keras: u = momentum * u - lr * g; w += u. */
#include "mnist_dist/nn/optimizer.h"

static void begin(const md_optimizer_step *s, md_optimizer_constants *out)
{
    out->kernels = s->kernels;
    out->sgd = (md_sgd_step){.gradient_scale = (float)s->gradient_scale,
                             .learning_rate = (float)s->learning_rate,
                             .momentum = (float)s->spec->momentum};
}

static void apply(const md_optimizer_constants *constants, const md_optimizer_slice *slice)
{
    constants->kernels->sgd(&constants->sgd, slice->count, slice->gradient, slice->parameters,
                            slice->moments[0]);
}

const md_optimizer md_optimizer_sgd = {begin, apply};
