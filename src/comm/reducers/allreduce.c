/* allreduce: every rank holds everything, and one MPI_Allreduce sums the gradient block with the
 * step sums at its end. */
#include "comm_internal.h"
#include "reducer_internal.h"

/* The sums ride as floats and stay exact: each int64 is cut into bytes, and sums of bytes over up
 * to 65536 ranks stay below 2^24, where floats count exactly. Put together again modulo 2^64 they
 * are the sum in two's complement. */
enum { LIMBS = 8, TAIL = MD_SUMS * LIMBS, MOST_RANKS = 65536 };

static void encode(const int64_t *sums, float *limbs)
{
    for (int i = 0; i < TAIL; i++)
        limbs[i] = (float)((uint64_t)sums[i / LIMBS] >> (8 * (i % LIMBS)) & 0xff);
}

static void decode(const float *limbs, int64_t *sums)
{
    uint64_t totals[MD_SUMS] = {0};
    for (int i = 0; i < TAIL; i++)
        totals[i / LIMBS] += (uint64_t)limbs[i] << (8 * (i % LIMBS));
    for (int i = 0; i < MD_SUMS; i++)
        sums[i] = (int64_t)totals[i];
}

static md_status create(md_reducer *reducer, md_error *err)
{
    int size = md_comm_size(reducer->comm);
    if (size > MOST_RANKS)
        return md_fail(err, MD_USAGE,
                       "distributed.reducer allreduce sums over at most %d ranks, not %d; choose "
                       "node-shared",
                       MOST_RANKS, size);
    return md_private_create(reducer, TAIL, err);
}

static md_status reduce(md_reducer *reducer, int64_t sums[MD_SUMS], md_error *err)
{
    float *tail = reducer->gradient + reducer->params.parameters;
    int count = (int)reducer->params.parameters + TAIL;
    encode(sums, tail);
    md_status status =
        MD_COLLECTIVE(reducer->comm,
                      MPI_Allreduce(MPI_IN_PLACE, reducer->gradient, count, MPI_FLOAT, MPI_SUM,
                                    md_comm_world(reducer->comm)),
                      err);
    if (!status)
        decode(tail, sums);
    return status;
}

const md_reducer_ops md_reducer_allreduce = {
    .create = create,
    .destroy = md_private_destroy,
    .add = md_reducer_can_sum,
    .reduce = reduce,
    .spread = md_private_spread,
};
