/* allreduce: every rank holds everything, and one MPI_Allreduce sums the gradient block with the
 * step sums at its end. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "comm_internal.h"
#include "reducer_internal.h"

typedef struct private_blocks {
    md_mark mark; /* the slice is the whole block */
    _Atomic int marks;
} private_blocks;

/* The sums ride as floats and stay exact: each int64 is cut into bytes, and sums of bytes over up
 * to 65536 ranks stay below 2^24, where floats count exactly. Put together again modulo 2^64 they
 * are the sum in two's complement. */
enum { LIMBS = 8, MOST_RANKS = 65536 };

static void encode(const int64_t *sums, int count, float *limbs)
{
    for (int i = 0; i < count * LIMBS; i++)
        limbs[i] = (float)((uint64_t)sums[i / LIMBS] >> (8 * (i % LIMBS)) & 0xff);
}

static void decode(const float *limbs, int count, int64_t *sums)
{
    uint64_t totals[MD_MOST_SUMS] = {0};
    for (int i = 0; i < count * LIMBS; i++)
        totals[i / LIMBS] += (uint64_t)limbs[i] << (8 * (i % LIMBS));
    for (int i = 0; i < count; i++)
        sums[i] = (int64_t)totals[i];
}

static md_status create(md_reducer *reducer, md_error *err)
{
    const int size = md_comm_size(reducer->comm);
    const size_t state = md_reducer_state_floats(reducer);
    private_blocks *own = reducer->variant;
    void *blocks, *squares;
    if (size > MOST_RANKS)
        return md_fail(err, MD_USAGE,
                       "distributed.reducer allreduce sums over at most %d ranks, not %d; choose "
                       "exchange",
                       MOST_RANKS, size);
    own->marks = 1;
    reducer->marks = &own->mark;
    reducer->mark_count = &own->marks;
    reducer->slice = (md_range){0, reducer->params.parameters};
    /* Half of what fits, since the sum's own rounding may go up. */
    reducer->bound = FLT_MAX / 2 / (float)size;
    const size_t tail = (size_t)md_reducer_sums(&reducer->params) * LIMBS;
    md_status status = md_allocate(&blocks, state + reducer->stride + tail, sizeof(float),
                                   "parameters, moments and gradient", err);
    if (status)
        return status;
    reducer->parameters = blocks;
    reducer->gradient = reducer->parameters + state;
    status = md_allocate(&squares, reducer->params.rows, sizeof(double), "square sums", err);
    reducer->squares = squares;
    return status;
}

static void destroy(md_reducer *reducer)
{
    free(reducer->parameters);
    free(reducer->squares);
}

static int add(md_reducer *reducer, size_t samples)
{
    (void)samples;
    return reducer->params.all_within(reducer->gradient, reducer->params.parameters,
                                      reducer->bound);
}

static md_status reduce(md_reducer *reducer, size_t samples, int64_t *sums, md_error *err)
{
    (void)samples;
    float *tail = reducer->gradient + reducer->params.parameters;
    const int values = md_reducer_sums(&reducer->params);
    const int count = (int)reducer->params.parameters + values * LIMBS;
    if (!reducer->computed)
        memset(reducer->gradient, 0, reducer->params.parameters * sizeof(float));
    encode(sums, values, tail);
    md_status status =
        MD_COLLECTIVE(reducer->comm,
                      MPI_Allreduce(MPI_IN_PLACE, reducer->gradient, count, MPI_FLOAT, MPI_SUM,
                                    md_comm_world(reducer->comm)),
                      err);
    if (!status)
        decode(tail, values, sums);
    return status;
}

static md_status spread(md_reducer *reducer, md_error *err)
{
    return md_comm_broadcast(reducer->comm, reducer->parameters,
                             md_reducer_state_floats(reducer) * sizeof(float), 0, err);
}

const md_reducer_ops md_reducer_allreduce = {
    .variant_size = sizeof(private_blocks),
    .create = create,
    .destroy = destroy,
    .add = add,
    .reduce = reduce,
    .spread = spread,
};
