/* reproducible: each shard's gradient is rounded to int64 fixed point before anything is added, so
 * that all sums are exact and neither their order nor the number of ranks can matter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comm_internal.h"
#include "reducer_internal.h"

enum { EXPONENT = 40 }; /* fixed point in units of 2^-40 */

typedef struct fixed_point {
    double limit; /* of one shard's magnitude, so that a batch of them fits an int64 */
    int64_t *sum; /* [parameters] gradient, [MD_SUMS] step sums */
} fixed_point;

static md_status create(md_reducer *reducer, md_error *err)
{
    const int64_t micro_shard = reducer->params.options.micro_shard;
    if (micro_shard < 1)
        return md_fail(err, MD_USAGE, "distributed.micro_shard is %lld; give 1 and more",
                       (long long)micro_shard);
    const int64_t shards = ((int64_t)reducer->params.batch - 1) / micro_shard + 1;
    if (shards > 1 << 20)
        return md_fail(err, MD_USAGE,
                       "distributed.reducer reproducible sums 1 to 1048576 micro-shards, not "
                       "%lld; choose a larger distributed.micro_shard",
                       (long long)shards);
    fixed_point *own = reducer->variant;
    own->limit = 0x1p62 / (double)shards;
    reducer->bound = (float)ldexp(own->limit, -EXPONENT);
    void *sum;
    md_status status = md_allocate(&sum, reducer->params.parameters + MD_SUMS, sizeof(int64_t),
                                   "the fixed-point gradient", err);
    own->sum = sum;
    return status ? status : md_private_create(reducer, 0, err);
}

static void destroy(md_reducer *reducer)
{
    fixed_point *own = reducer->variant;
    free(own->sum);
    md_private_destroy(reducer);
}

static int add(md_reducer *reducer)
{
    fixed_point *own = reducer->variant;
    return reducer->params.math.quantise_add(reducer->gradient, reducer->params.parameters,
                                             EXPONENT, own->limit, own->sum);
}

static md_status reduce(md_reducer *reducer, int64_t sums[MD_SUMS], md_error *err)
{
    fixed_point *own = reducer->variant;
    size_t parameters = reducer->params.parameters;
    int64_t *tail = own->sum + parameters;
    memcpy(tail, sums, MD_SUMS * sizeof *sums);
    md_status status =
        MD_COLLECTIVE(reducer->comm,
                      MPI_Allreduce(MPI_IN_PLACE, own->sum, (int)parameters + MD_SUMS, MPI_INT64_T,
                                    MPI_SUM, md_comm_world(reducer->comm)),
                      err);
    if (status)
        return status;
    memcpy(sums, tail, MD_SUMS * sizeof *sums);
    reducer->params.math.dequantise(own->sum, parameters, EXPONENT, reducer->gradient);
    memset(own->sum, 0, parameters * sizeof *own->sum);
    return MD_OK;
}

const md_reducer_ops md_reducer_reproducible = {
    .exponent = EXPONENT,
    .variant_size = sizeof(fixed_point),
    .create = create,
    .destroy = destroy,
    .add = add,
    .reduce = reduce,
    .spread = md_private_spread,
};
