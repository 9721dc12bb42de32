/* What is asked of features as they pass, some samples at a time. Local. */
#ifndef MNIST_DIST_DATA_STATISTICS_H
#define MNIST_DIST_DATA_STATISTICS_H

#include <stddef.h>

#include "mnist_dist/model/features.h"

/* The larger of `so_far` and the largest of x when all are whole numbers from 0 to 255, else -1,
 * which it stays. */
float md_largest_byte(const float *x, size_t count, float so_far);
int md_lie_in_unit(const float *x, size_t count); /* all in [0, 1] */
/* Makes [bounds[0], bounds[1]] as wide as x needs it. */
void md_add_bounds(md_element element, const void *x, size_t count, float bounds[2]);
size_t md_count_nonzero(md_element element, const void *x, size_t count);

/* Samples [n][features]. Adds each to sum[features]; adds the square of its distance from the mean
 * to square[features]. In double, sample after sample: the same bits however many come at once. */
void md_add_samples(md_element element, const void *x, size_t n, size_t features, double *sum);
void md_add_squares(md_element element, const void *x, size_t n, size_t features,
                    const double *mean, double *square);

#endif
