#include "activation.h"

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
