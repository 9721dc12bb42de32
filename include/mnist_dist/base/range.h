/* Contiguous ranges of numbers, and cutting them into parts. Local. */
#ifndef MNIST_DIST_BASE_RANGE_H
#define MNIST_DIST_BASE_RANGE_H

#include <stddef.h>

typedef struct md_range {
    size_t begin, count;
} md_range;

/* Part number `part` of `parts`: contiguous, in order, of sizes that differ by one at most, the
 * longer ones first. */
md_range md_range_part(md_range range, int part, int parts);

#endif
