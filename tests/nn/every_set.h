/* Kernel tests run on each set this CPU has. */
#ifndef MNIST_DIST_TEST_NN_EVERY_SET_H
#define MNIST_DIST_TEST_NN_EVERY_SET_H

#include "mnist_dist/nn/kernels.h"

void md_for_every_set(void (*check)(const md_kernels *kernels));

/* sum[i] += a x[i], rounded once, as every set does. Nothing where a is 0. */
void md_add_multiple(float a, const float *x, size_t count, float *sum);

#endif
