/* Brings a step's gradient together over all ranks, and says which slice of the parameters each
 * rank then steps. The reducer owns the parameter, moment and gradient blocks, since where they
 * live (private or shared by the node) is its variant's business. Calls are collective unless
 * marked local.
 *
 * A step with a variant that sums gradients:
 *     forward, backward of this rank's part of the batch into md_reducer_gradient()     (local)
 * or with one that exchanges what gradients are made of (md_reducer_matrices is not NULL):
 *     forward, backward of this rank's rows of the matrices                             (local)
 * and then
 *     md_reducer_add()             takes them, and the part's sums                      (local)
 *     md_reducer_reduce()          sums over ranks, or makes all rows known to all
 *     md_reducer_square_sum()      only when clipping
 *     md_reducer_begin_step(), gradient if it was not summed, optimizer on the slice    (local)
 *     md_reducer_publish()         every rank sees the new parameters
 * A rank that is not active has no samples and no slice: it only calls reduce and publish, and may
 * be some steps behind. What it finds in the blocks is one step's as long as the others wait for
 * it, as in a collective. */
#ifndef MNIST_DIST_COMM_REDUCER_H
#define MNIST_DIST_COMM_REDUCER_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/matrix.h"
#include "mnist_dist/comm/comm.h"
#include "mnist_dist/comm/reducer_list.h"

typedef struct md_reducer md_reducer;

/* What rides at the end of the gradient block: whole numbers of the caller's, which sums of losses
 * are made of (base/fixed.h), params.values of them. */
enum { MD_STEP_VALUES = 8 };
typedef struct md_step_sums {
    int64_t values[MD_STEP_VALUES];
    int32_t stop; /* ranks that ask to stop after this step */
    int32_t bad;  /* ranks whose loss or gradient is not finite, or too large to sum safely */
} md_step_sums;

typedef struct md_reducer_params {
    md_reducer_kind kind;
    size_t parameters; /* floats in each block */
    int moments;       /* moment blocks, 0 to 2 */
    size_t rows;       /* of the parameters' tensors: pieces of the gradient's square sum */
    size_t batch;      /* samples in the largest global batch */
    int values;        /* of md_step_sums that are summed */
    /* Of variants that exchange: slice number `part` of `parts` of the parameters, one after
     * another, for the active ranks of a node; may their number change; and the shapes of the
     * matrices. */
    md_range (*cut)(const void *context, int part, int parts);
    const void *context;
    int varies;
    const md_matrix *matrices; /* [matrix_count]; borrowed */
    int matrix_count;
    /* Is every |x| <= bound? See nn/kernels.h; handed in so that comm/ need not know nn/. */
    int (*all_within)(const float *x, size_t count, float bound);
} md_reducer_params;

/* Local. Does this kind exchange what gradients are made of, rather than sum them? */
int md_reducer_exchanges(md_reducer_kind kind);

/* Borrows comm, which must outlive the reducer. params identical on all ranks. Blocks are zeroed.
 * *out is NULL on error. */
md_status md_reducer_create(md_comm *comm, const md_reducer_params *params, md_reducer **out,
                            md_error *err);
void md_reducer_destroy(md_reducer **reducer); /* collective; NULL is fine; clears *reducer */

/* Local. Blocks of `parameters` floats, aligned. Parameters and moments may be the node's shared
 * copy: write them only in this rank's slice, or through md_reducer_load. */
float *md_reducer_parameters(md_reducer *reducer);
float *md_reducer_moment(md_reducer *reducer, int index); /* whole block, as rank 0 saves it */
md_range md_reducer_slice(const md_reducer *reducer);     /* may be empty, until publish */
/* Local. This rank's own. Summed: [parameters], backward writes here and reduce leaves the sum.
 * Exchanged: room for the slice's. */
float *md_reducer_gradient(md_reducer *reducer);
/* Local. The matrices, with rows for a batch one after another, the same memory for all ranks of a
 * node; NULL when gradients are summed. */
float *md_reducer_matrices(md_reducer *reducer);
/* Local. The samples that this rank takes of a batch of so many: whole rows of every matrix, and
 * one row of the one with the longest at most more than another rank. */
md_range md_reducer_part(const md_reducer *reducer, size_t samples);
/* Local. Does this rank compute in the coming step? How many of its node do? At first all that have
 * a place (md_comm_give_places). */
int md_reducer_is_active(const md_reducer *reducer);
int md_reducer_active_ranks(const md_reducer *reducer);
/* Local, rank 0 of a single node, if params.varies: so many ranks, at most those that have a place,
 * shall compute from the step after the coming one on. No bit depends on it. */
void md_reducer_suggest(md_reducer *reducer, int ranks);
/* Local. The largest magnitude that md_reducer_add takes without calling it bad. */
float md_reducer_bound(const md_reducer *reducer);

/* Sets parameters and moments (moments may be NULL for zeros) on every rank from rank 0's arrays;
 * other ranks pass NULL. */
md_status md_reducer_load(md_reducer *reducer, const float *parameters, const float *const *moments,
                          md_error *err);

/* Local, once a step; needs not be called by a rank without samples. Takes the gradient, or this
 * rank's rows of the matrices for a batch of `samples`, and the sums of its part. A value that is
 * not finite or too large sets `bad`, which travels with the next reduce. */
void md_reducer_add(md_reducer *reducer, size_t samples, const md_step_sums *sums);

/* `samples`: in the global batch. `stop` asks to stop after this step; *sums becomes the total over
 * ranks, equal everywhere. When sums->bad is not 0 no rank may step; go on to diagnose. */
md_status md_reducer_reduce(md_reducer *reducer, size_t samples, int stop, md_step_sums *sums,
                            md_error *err);

/* Local. [rows]: the caller writes that of the gradient in each row of its slice here, */
double *md_reducer_squares(md_reducer *reducer);
/* and this returns that of the whole gradient: rows are added in order, so that it has the same
 * bits on every rank and for every cut into slices. */
double md_reducer_square_sum(md_reducer *reducer);

/* Local. Parameters and moments are written from now on: until md_reducer_publish the slice counts
 * as half way. */
void md_reducer_begin_step(md_reducer *reducer);

/* `step` (finished steps so far) is recorded beside the slice, for md_reducer_consistent. */
void md_reducer_publish(md_reducer *reducer, int64_t step);

/* Local; safe from another thread. 1 when all slices this rank can see have reached `step` and none
 * is beyond it or half way, so that a rescue checkpoint may be written from them; asked once more
 * after copying them, 1 means that the copy is whole. 0 for every step until the first publish
 * after create or load. */
int md_reducer_consistent(const md_reducer *reducer, int64_t step);

#endif
