/* The order of samples that are read from a file as they are needed: the file's chunks, shuffled,
 * are taken several at a time, a window, and the samples of a window are shuffled among themselves.
 * Each sample comes once in an epoch, and all that is in memory is a window. Pure functions of
 * (plan, seed, epoch): neither ranks nor nodes show. Local. */
#ifndef MNIST_DIST_DATA_CHUNK_ORDER_H
#define MNIST_DIST_DATA_CHUNK_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/range.h"

typedef struct md_chunk_plan {
    size_t samples; /* the file's first ones, which are trained on */
    size_t chunk;   /* samples of a chunk; the last one may have fewer */
    size_t window;  /* chunks of a window; the last one may have fewer */
} md_chunk_plan;

size_t md_chunk_count(const md_chunk_plan *plan);
size_t md_chunk_windows(const md_chunk_plan *plan);
size_t md_chunk_samples(const md_chunk_plan *plan, size_t chunk); /* that are trained on */

/* order[md_chunk_count] becomes epoch's permutation of the chunks, or theirs in the file when
 * shuffle is 0. */
void md_chunk_order(const md_chunk_plan *plan, uint64_t seed, uint32_t epoch, int shuffle,
                    uint32_t *order);

/* The positions in the epoch's order that window w fills. */
md_range md_chunk_window(const md_chunk_plan *plan, const uint32_t *order, size_t w);

/* places[positions.count]: to which of a window's positions, counted from its first, its samples go
 * when they are taken chunk after chunk in the epoch's order. */
void md_chunk_places(md_range positions, uint64_t seed, uint32_t epoch, int shuffle,
                     uint32_t *places);

#endif
