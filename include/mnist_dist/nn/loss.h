/* The arithmetic of losses, one file each in src/nn/losses. Local. */
#ifndef MNIST_DIST_NN_LOSS_H
#define MNIST_DIST_NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/nn/kernels.h"

/* Samples with outputs z before the last activation, and what they should be. */
typedef struct md_loss_batch {
    const md_kernels *kernels;
    const md_model_spec *spec;
    size_t n, width; /* samples, outputs of each */
    const float *z;  /* [n][width] */
    /* What is there of the two: classes [n]; numbers, or 0 and 1, [n][width]. */
    const int32_t *labels;
    const float *targets;
    float *loss;  /* [n]: each sample's, */
    float *dz;    /* [n][width]: the gradient of their sum; may be z */
    float *error; /* [n]: each sample's mean absolute error; of losses for numbers only */
} md_loss_batch;

typedef struct md_loss {
    /* Fills loss, dz and error. Returns how many answers are right, of n or, for labels that can be
     * true together, of n * width; 0 for numbers. */
    size_t (*compute)(const md_loss_batch *batch);
    /* One sample's loss in double, the slow way. target[width]; a class is one target, too. */
    double (*twin)(const md_model_spec *spec, const double *z, const double *target, size_t width);
} md_loss;

/* NULL for what is no loss. */
const md_loss *md_loss_find(md_loss_kind kind);

#endif
