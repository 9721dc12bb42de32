/* The arithmetic of losses, one file each in src/nn/losses. Local. */
#ifndef MNIST_DIST_NN_LOSS_H
#define MNIST_DIST_NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/model/loss_spec.h"
#include "mnist_dist/nn/kernels.h"

typedef struct md_loss {
    /* Of n samples with outputs z[n][width], before the last activation: loss[n] and the gradient
     * dz[n][width] of their sum (dz may equal z). Returns how many samples count for the metric. */
    size_t (*compute)(const md_kernels *kernels, const float *z, const int32_t *labels, size_t n,
                      size_t width, float *dz, float *loss);
    /* One sample's loss in double, the slow way. */
    double (*twin)(const double *z, size_t width, size_t label);
} md_loss;

/* NULL for what is no loss. */
const md_loss *md_loss_find(md_loss_kind kind);

#endif
