/* What the reducer variants share. A variant is one file with one md_reducer_ops and one row of
 * MD_REDUCERS. */
#ifndef MNIST_DIST_COMM_REDUCER_INTERNAL_H
#define MNIST_DIST_COMM_REDUCER_INTERNAL_H

#include <stdatomic.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/reducer.h"

enum { MD_REDUCER_MOMENTS = 2 };

/* md_step_sums as MPI_INT64_T counts, in the order of its members. */
enum { MD_SUMS = 4 };

/* One per slice, where every rank that sees the slice can read it. */
typedef struct md_slice_state {
    _Alignas(MD_ALIGNMENT) _Atomic int64_t mark; /* 2 s: stepped s times; 2 s + 1: half way on */
    double square_sum;                           /* of the slice's reduced gradient */
} md_slice_state;

typedef struct md_reducer_ops {
    int exponent;        /* of its fixed point, or 0 */
    size_t variant_size; /* bytes of the variant's own data, zeroed before create */

    /* Collective. Places the blocks and sets the slices. After a failure destroy is called. */
    md_status (*create)(md_reducer *reducer, md_error *err);
    void (*destroy)(md_reducer *reducer);
    /* Local. Takes the gradient block; 0 when it is not finite or too large to be summed. */
    int (*add)(md_reducer *reducer);
    /* Collective. Leaves the sum in the slice of the gradient block; sums become totals. */
    md_status (*reduce)(md_reducer *reducer, int64_t sums[MD_SUMS], md_error *err);
    /* Collective. Parameters and moments become rank 0's. */
    md_status (*spread)(md_reducer *reducer, md_error *err);
    /* Collective. What ranks wrote into shared blocks is there for all after it. NULL: nothing is
     * shared. */
    md_status (*fence)(md_reducer *reducer, md_error *err);
} md_reducer_ops;

struct md_reducer {
    md_slice_state private_slice; /* of variants whose slice is the whole block */
    const md_reducer_ops *ops;
    void *variant; /* its own data */
    md_comm *comm; /* borrowed */
    md_reducer_params params;

    float *parameters; /* followed by the moments: `stride` floats each */
    float *gradient;
    size_t stride; /* parameters rounded up to whole cache lines */
    float bound;   /* of a gradient's magnitude, so that no sum overflows */

    md_slice_state *slices;
    int slice_count;
    int own_slice; /* -1: none */
    size_t begin, count;

    md_step_sums pending; /* this rank's, since the last reduce */
    int shards;
};

#define MD_REDUCER_DECLARE(ID, id, name, promise, how) extern const md_reducer_ops md_reducer_##id;
MD_REDUCERS(MD_REDUCER_DECLARE)
#undef MD_REDUCER_DECLARE

/* Floats in parameters and moments together. Local. */
size_t md_reducer_state_floats(const md_reducer *reducer);

/* `add` of the variants that sum floats: 1 when a sum over all ranks cannot overflow. Local. */
int md_reducer_can_sum(md_reducer *reducer);

/* For variants whose blocks are this rank's own (private_blocks.c). `tail` floats follow the
 * gradient. */
md_status md_private_create(md_reducer *reducer, size_t tail, md_error *err);
void md_private_destroy(md_reducer *reducer);
md_status md_private_spread(md_reducer *reducer, md_error *err);

#endif
