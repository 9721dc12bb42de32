/* Derivatives by central differences, and the distance between gradients. Local. */
#ifndef MNIST_DIST_TEST_SUPPORT_GRADCHECK_H
#define MNIST_DIST_TEST_SUPPORT_GRADCHECK_H

#include <stddef.h>

/* d f / d x[i], from f at x[i] +- h. x is changed during the call only. */
double md_central_difference(double (*f)(const double *x, const void *context), double *x, size_t i,
                             double h, const void *context);

/* |a - b| / |b| in the Euclidean norm; |a| where b is zero. */
double md_relative_distance(const float *a, const double *b, size_t count);

#endif
