/* Sums gradients over all ranks and says which slice of the parameters each rank then steps.
 * The reducer owns the parameter, moment and gradient blocks, since where they live (private or
 * shared by the node) is the variant's business. Calls are collective unless marked local.
 *
 * A step, the same for every variant:
 *     for each shard of this rank's slice of the batch:  forward, backward into
 *         md_reducer_gradient(), then md_reducer_add()                              (local)
 *     md_reducer_reduce()          sums over ranks
 *     md_reducer_square_sum()      only when clipping
 *     md_reducer_begin_step(), optimizer on md_reducer_slice()                      (local)
 *     md_reducer_publish()         every rank sees the new parameters */
#ifndef MNIST_DIST_COMM_REDUCER_H
#define MNIST_DIST_COMM_REDUCER_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/comm/reducer_list.h"

typedef struct md_reducer md_reducer;

/* What rides at the end of the gradient block. Losses are fixed point, in units of 2^-32 nats, each
 * sample's rounded before it is added. */
typedef struct md_step_sums {
    int64_t loss_q32;
    int64_t correct;
    int32_t stop; /* ranks that ask to stop after this step */
    int32_t bad;  /* ranks whose loss or gradient is not finite, or too large to sum safely */
} md_step_sums;

/* The arithmetic a reducer needs, handed in so that comm/ need not know nn/; see nn/kernels.h for
 * what each promises. */
typedef struct md_reducer_math {
    void (*add)(float *sum, const float *x, size_t count);
    double (*square_sum)(const float *x, size_t count);
    int (*all_within)(const float *x, size_t count, float bound);
    int (*quantise_add)(const float *x, size_t count, int exponent, double limit, int64_t *sum);
    void (*dequantise)(const int64_t *sum, size_t count, int exponent, float *x);
} md_reducer_math;

typedef struct md_reducer_params {
    md_reducer_kind kind;
    size_t parameters; /* floats in each block */
    int moments;       /* moment blocks, 0 to 2 */
    size_t batch;      /* samples in the largest global batch */
    md_reducer_options options;
    md_reducer_math math;
} md_reducer_params;

/* Borrows comm, which must outlive the reducer. params identical on all ranks. Blocks are zeroed.
 * *out is NULL on error. */
md_status md_reducer_create(md_comm *comm, const md_reducer_params *params, md_reducer **out,
                            md_error *err);
void md_reducer_destroy(md_reducer **reducer); /* collective; NULL is fine; clears *reducer */

/* Local. Blocks of `parameters` floats, aligned. Parameters and moments may be the node's shared
 * copy: write them only in this rank's slice, or through md_reducer_load. */
float *md_reducer_parameters(md_reducer *reducer);
float *md_reducer_moment(md_reducer *reducer, int index); /* whole block, as rank 0 saves it */
float *md_reducer_gradient(md_reducer *reducer);        /* this rank's; backward writes here; reduce
                                                           overwrites it */
const float *md_reducer_sum(const md_reducer *reducer); /* after reduce; valid in the slice */
void md_reducer_slice(const md_reducer *reducer, size_t *begin, size_t *count); /* count may be 0 */
/* Local. The largest magnitude that md_reducer_add takes in a gradient without calling it bad. */
float md_reducer_bound(const md_reducer *reducer);
int md_reducer_exponent(const md_reducer *reducer); /* reproducible: 40, stored in files; else 0 */

/* Sets parameters and moments (moments may be NULL for zeros) on every rank from rank 0's arrays;
 * other ranks pass NULL. */
md_status md_reducer_load(md_reducer *reducer, const float *parameters, const float *const *moments,
                          md_error *err);

/* Local. Takes this shard's gradient from md_reducer_gradient() and adds its sums. At
 * most one shard a step, unless the reducer promises bits at any rank count. A value that is not
 * finite or too large sets `bad`, which travels with the next reduce. A rank without samples need
 * not call it. */
void md_reducer_add(md_reducer *reducer, const md_step_sums *sums);

/* `stop` asks to stop after this step; *sums becomes the total over ranks, equal everywhere. When
 * sums->bad is not 0 no rank may step; go on to diagnose. Empties the reducer for the next step. */
md_status md_reducer_reduce(md_reducer *reducer, int stop, md_step_sums *sums, md_error *err);

/* Sum of squares of the reduced gradient over all slices: same bits on every rank. */
md_status md_reducer_square_sum(md_reducer *reducer, double *out, md_error *err);

/* Local. Parameters and moments are written from now on: until md_reducer_publish the slice counts
 * as half way. */
void md_reducer_begin_step(md_reducer *reducer);

/* `step` (finished steps so far) is recorded beside the slice, for md_reducer_consistent. */
md_status md_reducer_publish(md_reducer *reducer, int64_t step, md_error *err);

/* Local; safe from another thread. 1 when all slices this rank can see have reached `step` and none
 * is beyond it or half way, so that a rescue checkpoint may be written from them; asked once more
 * after copying them, 1 means that the copy is whole. 0 for every step until the first publish
 * after create or load. */
int md_reducer_consistent(const md_reducer *reducer, int64_t step);

#endif
