/* -log softmax(z)[label], in nats, fused with the softmax; counts the samples whose largest output
 * (the first, among equals) is at the label. */
#include <math.h>

#include "mnist_dist/nn/loss.h"

static size_t compute(const md_kernels *kernels, const float *z, const int32_t *labels, size_t n,
                      size_t width, float *dz, float *loss)
{
    return kernels->softmax_loss(z, labels, n, width, dz, loss);
}

static double twin(const double *z, size_t width, size_t label)
{
    double largest = z[0], sum = 0.0;
    for (size_t c = 1; c < width; c++)
        largest = fmax(largest, z[c]);
    for (size_t c = 0; c < width; c++)
        sum += exp(z[c] - largest);
    /* cppcheck-suppress invalidFunctionArg ; there is at least one class, so sum is at least 1 */
    return log(sum) + largest - z[label];
}

const md_loss md_loss_sparse_categorical_crossentropy = {.compute = compute, .twin = twin};
