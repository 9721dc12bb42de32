/* Activations of hidden layers. Local; internal to nn. The last layer's is not among them: it is
 * fused with the loss. */
#ifndef MNIST_DIST_NN_ACTIVATION_H
#define MNIST_DIST_NN_ACTIVATION_H

#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/nn/kernels.h"

/* y = f(y) */
void md_activation_apply(const md_kernels *kernels, md_activation activation, float *y,
                         size_t count);

/* dy = dy * f'(x), with the derivative written in terms of y = f(x). */
void md_activation_gradient(const md_kernels *kernels, md_activation activation, const float *y,
                            float *dy, size_t count);

/* f(z) in double, for twins. */
double md_activation_twin(md_activation activation, double z);

#endif
