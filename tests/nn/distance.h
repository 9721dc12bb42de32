/* How far what was computed in float is from what it should be. Local. */
#ifndef MNIST_DIST_TEST_NN_DISTANCE_H
#define MNIST_DIST_TEST_NN_DISTANCE_H

#include <stddef.h>

/* |a - b| / |b| in the Euclidean norm; |a| where b is zero. */
double md_relative_distance(const float *a, const double *b, size_t count);

#endif
