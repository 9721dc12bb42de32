/* Which samples a rank takes in a step: pure functions of (seed, epoch, step, rank, ranks), so
 * every rank works out its own part without a word. rank and ranks are plain ints: no MPI. Local.
 */
#ifndef MNIST_DIST_DATA_SAMPLER_H
#define MNIST_DIST_DATA_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

/* A contiguous range of positions. */
typedef struct md_range {
    size_t begin, count;
} md_range;

/* order[n] becomes epoch's permutation of 0 .. n-1 (Fisher-Yates over counter-based numbers; Knuth,
 * TAOCP 2, 3.4.2 P), or file order when shuffle is 0. Epochs count from 0. */
void md_sampler_order(uint64_t seed, uint32_t epoch, int shuffle, uint32_t *order, size_t n);

/* Steps in an epoch of n samples: the last batch may be partial. */
int64_t md_sampler_steps(size_t n, size_t batch);

/* Positions of the order that form the global batch of `step` (0 for the epoch's first). */
md_range md_sampler_batch(size_t n, size_t batch, int64_t step);

/* This rank's contiguous part of a batch: sizes differ by at most one `unit`, the first ranks get
 * the longer ones. unit is 1, or the size of a micro-shard where no bit may depend on the rank
 * count: parts are then whole micro-shards, and only the batch's last one may be short. */
md_range md_sampler_part(md_range batch, size_t unit, int rank, int ranks);

#endif
