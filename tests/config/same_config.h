#ifndef MNIST_DIST_TEST_SAME_CONFIG_H
#define MNIST_DIST_TEST_SAME_CONFIG_H

#include "mnist_dist/config/config.h"

/* Key by key, and the model layer by layer; given or not does not count. */
int same_config(const md_config *a, const md_config *b);
/* Only what a model learns by: optimizer, schedule, augmentation, early stopping. */
int same_learning(const md_config *a, const md_config *b);

#endif
