/* Stochastic gradient descent with momentum, as Keras: u = momentum * u - lr * g; w += u. */
#include "mnist_dist/nn/optimizer.h"

md_optimizer_apply md_optimizer_sgd;

void md_optimizer_sgd(const md_optimizer_step *s, const md_optimizer_slice *slice)
{
    md_sgd_step constants = {.gradient_scale = (float)s->gradient_scale,
                             .learning_rate = (float)s->learning_rate,
                             .momentum = (float)s->spec->momentum};
    s->kernels->sgd(&constants, slice->count, slice->gradient, slice->parameters,
                    slice->moments[0]);
}
