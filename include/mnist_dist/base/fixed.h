/* Sums of losses and errors as integers, so that they are exact and no order of addition can show.
 * Local. */
#ifndef MNIST_DIST_BASE_FIXED_H
#define MNIST_DIST_BASE_FIXED_H

#include <stddef.h>
#include <stdint.h>

/* A sum is that of its pieces, which count units of 2^-64, 2^-32, 1 and 2^32. To add two sums, add
 * their pieces. */
enum { MD_FIXED_Q64, MD_FIXED_Q32, MD_FIXED_ONE, MD_FIXED_UP32, MD_FIXED_PIECES };
typedef struct md_fixed {
    int64_t piece[MD_FIXED_PIECES];
} md_fixed;

/* Magnitude that no piece exceeds: two of them can be added. */
#define MD_FIXED_MOST (INT64_C(1) << 62)

int md_fixed_can_add(const md_fixed *sum, const md_fixed *more); /* 0: a piece would exceed that */

/* Adds losses in nats, which are of one size whatever the data, each rounded to 2^-32 in the piece
 * of that unit alone. Returns 0, leaving *sum alone, when one is not finite or so large that a sum
 * over `total` samples (>= count) might overflow. */
int md_fixed_add_nats(md_fixed *sum, const float *loss, size_t count, int64_t total);

/* Adds numbers in any unit, 0 and more, each rounded to 2^-64 and cut into the pieces; up to 2^30
 * of them. Returns 0, leaving *sum alone, when one is not finite or beyond 2^62. */
int md_fixed_add(md_fixed *sum, const float *x, size_t count);

double md_fixed_value(const md_fixed *sum);

/* The sum that a file from before it holds as a double: rounded to 2^-32; up to 2^30. */
md_fixed md_fixed_from(double nats);

#endif
