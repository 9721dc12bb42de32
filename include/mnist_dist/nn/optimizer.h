/* Optimizers over slices of flat blocks. Local and stateless: moments belong to the caller, the
 * step number is an argument, and one call on the whole block equals any split into slices, bit for
 * bit.
 *
 *   adam   Kingma & Ba 2015 as Keras computes it: m += (1-b1)(g-m), v += (1-b2)(g^2-v),
 *          w -= lr * sqrt(1-b2^t)/(1-b1^t) * m / (sqrt(v) + eps)
 *   adamw  Loshchilov & Hutter 2019 as Keras: w -= lr * weight_decay * w first, all parameters
 *   sgd    u = momentum * u - lr * g; w += u */
#ifndef MNIST_DIST_NN_OPTIMIZER_H
#define MNIST_DIST_NN_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/nn/kernels.h"

enum { MD_MAX_MOMENTS = 2, MD_OPTIMIZER_NAME_SIZE = 16 };

typedef struct md_optimizer_params {
    char name[MD_OPTIMIZER_NAME_SIZE]; /* adam, adamw or sgd */
    double learning_rate, beta_1, beta_2, epsilon, momentum, weight_decay;
    double clip_norm; /* clips the gradient's global norm; 0 = off. Applied by the trainer. */
} md_optimizer_params;

md_optimizer_params md_optimizer_default_params(void);

/* How many moment blocks the named optimizer keeps (adam 2: m, v; sgd 1: m), or -1 if there is no
 * such optimizer. */
int md_optimizer_moments(const char *name);

/* One step of a slice of `count` parameters. iteration is t, from 1. learning_rate is the
 * schedule's. g is multiplied by gradient_scale. moments[i] are the slice's moments. */
typedef struct md_optimizer_slice {
    size_t count;
    const float *gradient;
    float *parameters;
    float *moments[MD_MAX_MOMENTS];
} md_optimizer_slice;

void md_optimizer_step(const md_optimizer_params *params, const md_kernels *kernels,
                       int64_t iteration, double learning_rate, double gradient_scale,
                       const md_optimizer_slice *slice);

#endif
