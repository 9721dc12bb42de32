/* -log softmax(z)[label], in nats, fused with the softmax; counts the samples whose largest output
 * (the first, among equals) is at the label. */
#include <math.h>

#include "mnist_dist/nn/loss.h"

static size_t compute(const md_loss_batch *b)
{
    return b->kernels->softmax_loss(b->z, b->labels, b->n, b->width, b->dz, b->loss);
}

static double twin(const md_model_spec *spec, const double *z, const double *target, size_t width)
{
    (void)spec;
    double largest = z[0], sum = 0.0;
    for (size_t c = 1; c < width; c++)
        largest = fmax(largest, z[c]);
    for (size_t c = 0; c < width; c++)
        sum += exp(z[c] - largest);
    /* cppcheck-suppress invalidFunctionArg ; there is at least one class, so sum is at least 1 */
    return log(sum) + largest - z[(size_t)target[0]];
}

const md_loss md_loss_sparse_categorical_crossentropy = {.compute = compute, .twin = twin};
