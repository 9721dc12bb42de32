#include "mnist_dist/comm/reducer.h"

#include <float.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/comm/agree.h"
#include "reducer_internal.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_LONG_LOCK_FREE == 2,
               "marks in a shared window must be lock-free to work between processes");

/* No step is known to be finished: twice a step is never odd. */
enum { UNMARKED = -1 };

static const md_reducer_ops *const variants[] = {
#define OPS(ID, id, name, promise, how) &md_reducer_##id,
    MD_REDUCERS(OPS)
#undef OPS
};

static md_status check(const md_reducer_params *params, md_error *err)
{
    const size_t most = INT_MAX - 64; /* MPI counts are ints, and step sums ride along */
    if ((unsigned)params->kind >= MD_REDUCER_KINDS)
        return md_fail(err, MD_USAGE, "distributed.reducer: there is no kind %d, only 0 to %d",
                       (int)params->kind, MD_REDUCER_KINDS - 1);
    if (params->parameters < 1 || params->parameters > most)
        return md_fail(err, MD_USAGE,
                       "model: %zu parameters cannot be reduced; 1 to %zu are possible",
                       params->parameters, most);
    if (params->batch < 1)
        return md_fail(err, MD_USAGE, "train.batch_size is 0; give 1 and more");
    if (params->moments < 0 || params->moments > MD_REDUCER_MOMENTS)
        return md_fail(err, MD_USAGE, "optimizer: %d moments; 0 to %d are possible",
                       params->moments, MD_REDUCER_MOMENTS);
    return MD_OK;
}

static void mark(md_reducer *reducer, int64_t value)
{
    if (reducer->own_slice < 0)
        return;
    atomic_store_explicit(&reducer->slices[reducer->own_slice].mark, value, memory_order_release);
}

static md_status fence(md_reducer *reducer, md_error *err)
{
    return reducer->ops->fence ? reducer->ops->fence(reducer, err) : MD_OK;
}

md_status md_reducer_create(md_comm *comm, const md_reducer_params *params, md_reducer **out,
                            md_error *err)
{
    *out = NULL;
    md_status status = check(params, err);
    if (status)
        return status;
    const md_reducer_ops *ops = variants[params->kind];
    void *created;
    status = md_allocate(&created, 1, sizeof **out + ops->variant_size, "the reducer", err);
    status = md_agree(comm, status, err);
    if (status) {
        free(created);
        return status;
    }
    md_reducer *reducer = created;
    const size_t line = MD_ALIGNMENT / sizeof(float);
    reducer->ops = ops;
    reducer->variant = reducer + 1;
    reducer->comm = comm;
    reducer->params = *params;
    reducer->stride = (params->parameters + line - 1) / line * line;
    /* Half of what fits, since the sum's own rounding may go up. */
    reducer->bound = FLT_MAX / 2 / (float)md_comm_size(comm);
    status = ops->create(reducer, err);
    if (!status)
        mark(reducer, UNMARKED);
    status = md_agree(comm, status, err);
    if (status)
        md_reducer_destroy(&reducer);
    *out = reducer;
    return status;
}

void md_reducer_destroy(md_reducer **reducer)
{
    if (!*reducer)
        return;
    (*reducer)->ops->destroy(*reducer);
    free(*reducer);
    *reducer = NULL;
}

float *md_reducer_parameters(md_reducer *reducer)
{
    return reducer->parameters;
}

float *md_reducer_moment(md_reducer *reducer, int index)
{
    return reducer->parameters + (size_t)(index + 1) * reducer->stride;
}

float *md_reducer_gradient(md_reducer *reducer)
{
    return reducer->gradient;
}

const float *md_reducer_sum(const md_reducer *reducer)
{
    return reducer->gradient;
}

void md_reducer_slice(const md_reducer *reducer, size_t *begin, size_t *count)
{
    *begin = reducer->begin;
    *count = reducer->count;
}

int md_reducer_exponent(const md_reducer *reducer)
{
    return reducer->ops->exponent;
}

size_t md_reducer_state_floats(const md_reducer *reducer)
{
    return reducer->stride * (size_t)(1 + reducer->params.moments);
}

float md_reducer_bound(const md_reducer *reducer)
{
    return reducer->bound;
}

int md_reducer_can_sum(md_reducer *reducer)
{
    return reducer->params.math.all_within(reducer->gradient, reducer->params.parameters,
                                           reducer->bound);
}

static void copy_state(md_reducer *reducer, const float *parameters, const float *const *moments)
{
    size_t bytes = reducer->params.parameters * sizeof(float);
    memcpy(reducer->parameters, parameters, bytes);
    for (int i = 0; i < reducer->params.moments; i++)
        if (moments)
            memcpy(md_reducer_moment(reducer, i), moments[i], bytes);
        else
            memset(md_reducer_moment(reducer, i), 0, bytes);
}

md_status md_reducer_load(md_reducer *reducer, const float *parameters, const float *const *moments,
                          md_error *err)
{
    mark(reducer, UNMARKED);
    md_status status = fence(reducer, err); /* nobody reads the old ones any more */
    if (!status && md_comm_rank(reducer->comm) == 0)
        copy_state(reducer, parameters, moments);
    if (!status)
        status = reducer->ops->spread(reducer, err);
    if (!status)
        status = fence(reducer, err);
    return status;
}

/* Losses are bounded so that their sum over all ranks fits an int64. */
static int add_loss(md_reducer *reducer, int64_t loss)
{
    int64_t bound = INT64_MAX / md_comm_size(reducer->comm);
    int64_t *sum = &reducer->pending.loss_q32;
    return !__builtin_add_overflow(*sum, loss, sum) && *sum <= bound && *sum >= -bound;
}

void md_reducer_add(md_reducer *reducer, const md_step_sums *sums)
{
    md_step_sums *pending = &reducer->pending;
    int fits = add_loss(reducer, sums->loss_q32);
    int taken = reducer->ops->add(reducer);
    pending->correct += sums->correct;
    pending->stop |= sums->stop != 0;
    pending->bad |= sums->bad != 0 || !fits || !taken;
    reducer->shards++;
}

md_status md_reducer_reduce(md_reducer *reducer, int stop, md_step_sums *sums, md_error *err)
{
    const md_step_sums *own = &reducer->pending;
    int64_t totals[MD_SUMS] = {own->loss_q32, own->correct, own->stop || stop, own->bad};
    if (reducer->shards == 0)
        memset(reducer->gradient, 0, reducer->params.parameters * sizeof(float));
    md_status status = reducer->ops->reduce(reducer, totals, err);
    if (status)
        return status;
    *sums = (md_step_sums){.loss_q32 = totals[0],
                           .correct = totals[1],
                           .stop = (int32_t)totals[2],
                           .bad = (int32_t)totals[3]};
    reducer->pending = (md_step_sums){0};
    reducer->shards = 0;
    return MD_OK;
}

void md_reducer_begin_step(md_reducer *reducer)
{
    if (reducer->own_slice < 0)
        return;
    mark(reducer, reducer->slices[reducer->own_slice].mark | 1);
    /* Whoever sees a parameter of the coming step also sees this mark. */
    atomic_thread_fence(memory_order_release);
}

md_status md_reducer_square_sum(md_reducer *reducer, double *out, md_error *err)
{
    if (reducer->own_slice >= 0)
        reducer->slices[reducer->own_slice].square_sum =
            reducer->params.math.square_sum(reducer->gradient + reducer->begin, reducer->count);
    md_status status = fence(reducer, err);
    if (status)
        return status;
    *out = 0.0;
    for (int i = 0; i < reducer->slice_count; i++)
        *out += reducer->slices[i].square_sum;
    return MD_OK;
}

md_status md_reducer_publish(md_reducer *reducer, int64_t step, md_error *err)
{
    mark(reducer, 2 * step);
    return fence(reducer, err);
}

int md_reducer_consistent(const md_reducer *reducer, int64_t step)
{
    atomic_thread_fence(
        memory_order_acquire); /* what was copied before was read before the marks */
    for (int i = 0; i < reducer->slice_count; i++)
        if (atomic_load_explicit(&reducer->slices[i].mark, memory_order_acquire) != 2 * step)
            return 0;
    return 1;
}
