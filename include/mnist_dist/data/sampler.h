/* Which samples a step takes: pure functions of (seed, epoch, step), so every rank works out the
 * batch, and its part of it (md_range_part), without a word. Local. */
#ifndef MNIST_DIST_DATA_SAMPLER_H
#define MNIST_DIST_DATA_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/range.h"
#include "mnist_dist/base/rng.h"

/* order[n] becomes a permutation of 0 .. n-1 (Fisher-Yates over counter-based numbers; Knuth, TAOCP
 * 2, 3.4.2 P). Its i-th draw is number first + i of the key's, so that permutations which share a
 * key each have their own. */
void md_sampler_shuffle(const md_rng_key *key, uint64_t first, uint32_t *order, size_t n);

/* order[n] becomes epoch's permutation of 0 .. n-1, or file order when shuffle is 0. Epochs count
 * from 0. */
void md_sampler_order(uint64_t seed, uint32_t epoch, int shuffle, uint32_t *order, size_t n);

/* Steps in an epoch of n samples: the last batch may be partial. */
int64_t md_sampler_steps(size_t n, size_t batch);

/* Positions of the order that form the global batch of `step` (0 for the epoch's first). */
md_range md_sampler_batch(size_t n, size_t batch, int64_t step);

#endif
