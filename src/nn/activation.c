#include "activation.h"

#include <math.h>

void md_activation_apply(const md_kernels *kernels, md_activation activation, float *y,
                         size_t count)
{
    switch (activation) {
    case MD_RELU:
        kernels->relu(y, count);
        break;
    case MD_TANH:
        kernels->tanh(y, count);
        break;
    case MD_SIGMOID:
        kernels->sigmoid(y, count);
        break;
    case MD_LINEAR:
    case MD_SOFTMAX:
        break;
    }
}

void md_activation_gradient(const md_kernels *kernels, md_activation activation, const float *y,
                            float *dy, size_t count)
{
    switch (activation) {
    case MD_RELU:
        kernels->relu_gradient(y, dy, count);
        break;
    case MD_TANH:
        for (size_t i = 0; i < count; i++)
            dy[i] *= 1.0f - y[i] * y[i];
        break;
    case MD_SIGMOID:
        for (size_t i = 0; i < count; i++)
            dy[i] *= y[i] * (1.0f - y[i]);
        break;
    case MD_LINEAR:
    case MD_SOFTMAX:
        break;
    }
}

double md_activation_twin(md_activation activation, double z)
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
