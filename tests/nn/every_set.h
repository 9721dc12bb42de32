/* Kernel tests run on each set this CPU has. */
#ifndef MNIST_DIST_TEST_NN_EVERY_SET_H
#define MNIST_DIST_TEST_NN_EVERY_SET_H

#include "mnist_dist/nn/kernels.h"

void md_for_every_set(void (*check)(const md_kernels *kernels));

#endif
