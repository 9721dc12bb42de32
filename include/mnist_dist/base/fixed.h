/* Losses as fixed point, in units of 2^-32 nats, so that sums of them are exact and no order of
 * addition can show. Local. */
#ifndef MNIST_DIST_BASE_FIXED_H
#define MNIST_DIST_BASE_FIXED_H

#include <stddef.h>
#include <stdint.h>

/* Magnitude that no sum exceeds: two of them can be added. */
#define MD_FIXED_MOST (INT64_C(1) << 62)

/* *out = the sum of count losses, each rounded to nearest. Returns 0, leaving *out alone, when one
 * is not finite or so large that a sum over `total` samples (>= count) might overflow. */
int md_fixed_sum(const float *loss, size_t count, int64_t total, int64_t *out);

double md_fixed_value(int64_t fixed); /* nats */
int64_t md_fixed_from(double nats);   /* rounded to nearest; |nats| at most that of MD_FIXED_MOST */

#endif
