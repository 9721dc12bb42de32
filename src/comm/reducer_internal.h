/* What the reducer variants share. A variant is one file with one md_reducer_ops and one row of
 * MD_REDUCERS. */
#ifndef MNIST_DIST_COMM_REDUCER_INTERNAL_H
#define MNIST_DIST_COMM_REDUCER_INTERNAL_H

#include <stdatomic.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/reducer.h"

enum { MD_REDUCER_MOMENTS = 2 };

/* md_step_sums as int64 counts: the values, stop, bad. */
enum { MD_MOST_SUMS = MD_STEP_VALUES + 2 };
static inline int md_reducer_sums(const md_reducer_params *params)
{
    return params->values + 2;
}

/* One per slice, where every rank that sees the slice can read it: 2 s, stepped s times; 2 s + 1,
 * half way on from there. */
typedef struct md_mark {
    _Alignas(MD_ALIGNMENT) _Atomic int64_t value;
} md_mark;

typedef struct md_reducer_ops {
    int exchanges;       /* see md_reducer_exchanges */
    size_t variant_size; /* bytes of the variant's own data, zeroed before create */

    /* Collective. Places the blocks, the marks and the square sums. After a failure destroy is
     * called. */
    md_status (*create)(md_reducer *reducer, md_error *err);
    void (*destroy)(md_reducer *reducer);
    /* Local. 1 when what this rank computed for a batch of `samples` may be summed. */
    int (*add)(md_reducer *reducer, size_t samples);
    /* Collective. `sums` become totals; the gradient, or the matrices, that of the whole batch. */
    md_status (*reduce)(md_reducer *reducer, size_t samples, int64_t *sums, md_error *err);
    /* Collective. Parameters and moments become rank 0's. */
    md_status (*spread)(md_reducer *reducer, md_error *err);
    /* Collective over a node's active ranks. What they wrote into shared blocks is there for all of
     * them after it; and, over the node, for all its ranks when the step is finished, of whom the
     * suggested ones become active. NULL: nothing is shared. */
    void (*fence)(md_reducer *reducer);
    void (*publish)(md_reducer *reducer);
} md_reducer_ops;

struct md_reducer {
    _Alignas(MD_ALIGNMENT) const md_reducer_ops *ops;
    void *variant; /* its own data */
    md_comm *comm; /* borrowed */
    md_reducer_params params;

    float *parameters; /* followed by the moments: `stride` floats each */
    float *gradient, *matrices;
    size_t grain;    /* samples that stay together */
    double *squares; /* [params.rows] */
    size_t stride;   /* parameters rounded up to whole cache lines */
    float bound;     /* of magnitudes, so that no sum overflows */

    int active;       /* has this rank a part in the coming step? */
    int active_ranks; /* of this node, those that have */
    int parts;        /* that a batch is cut into */
    int suggested;    /* active ranks from the step after the coming one on; 0: as many */
    md_range slice;

    md_mark *marks;
    const _Atomic int *mark_count; /* those of active ranks, the first; changes between steps */
    int own_mark;

    md_step_sums pending; /* this rank's, since the last reduce */
    int computed;         /* has it computed anything since? */
};

#define MD_REDUCER_DECLARE(ID, id, name, promise, how) extern const md_reducer_ops md_reducer_##id;
MD_REDUCERS(MD_REDUCER_DECLARE)
#undef MD_REDUCER_DECLARE

/* The samples that the active rank in this place (md_comm_place) takes of a batch. Local. */
md_range md_reducer_part_of(const md_reducer *reducer, int place, size_t samples);

/* Floats in parameters and moments together. Local. */
size_t md_reducer_state_floats(const md_reducer *reducer);

#endif
