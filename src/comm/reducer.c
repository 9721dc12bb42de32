#include "mnist_dist/comm/reducer.h"

#include <assert.h>
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

int md_reducer_exchanges(md_reducer_kind kind)
{
    return variants[kind]->exchanges;
}

static md_status check(const md_reducer_params *params, md_error *err)
{
    const size_t most = INT_MAX - 128; /* MPI counts are ints, and step sums ride along */
    if ((unsigned)params->kind >= MD_REDUCER_KINDS)
        return md_fail(err, MD_USAGE, "distributed.reducer: there is no kind %d, only 0 to %d",
                       (int)params->kind, MD_REDUCER_KINDS - 1);
    if (params->parameters < 1 || params->parameters > most)
        return md_fail(err, MD_USAGE,
                       "model: %zu parameters cannot be reduced; 1 to %zu are possible",
                       params->parameters, most);
    assert(params->values >= 0 && params->values <= MD_STEP_VALUES);
    if (params->batch < 1)
        return md_fail(err, MD_USAGE, "train.batch_size is 0; give 1 and more");
    if (params->moments < 0 || params->moments > MD_REDUCER_MOMENTS)
        return md_fail(err, MD_USAGE, "optimizer: %d moments; 0 to %d are possible",
                       params->moments, MD_REDUCER_MOMENTS);
    return MD_OK;
}

static void mark(md_reducer *reducer, int64_t value)
{
    if (reducer->active)
        atomic_store_explicit(&reducer->marks[reducer->own_mark].value, value,
                              memory_order_release);
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
    reducer->ops = ops;
    reducer->variant = reducer + 1;
    reducer->comm = comm;
    reducer->params = *params;
    reducer->active = md_comm_place(comm) >= 0;
    reducer->active_ranks = (int)md_comm_places(comm, md_comm_node(comm)).count;
    reducer->parts = md_comm_place_count(comm);
    reducer->grain = 1;
    for (int i = 0; ops->exchanges && i < params->matrix_count; i++)
        if (params->matrices[i].samples > reducer->grain)
            reducer->grain = params->matrices[i].samples;
    reducer->stride = md_aligned(params->parameters * sizeof(float)) / sizeof(float);
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

float *md_reducer_matrices(md_reducer *reducer)
{
    return reducer->matrices;
}

md_range md_reducer_slice(const md_reducer *reducer)
{
    return reducer->slice;
}

md_range md_reducer_part_of(const md_reducer *reducer, int place, size_t samples)
{
    const size_t grain = reducer->grain;
    const md_range all = {0, (samples + grain - 1) / grain};
    const md_range part = md_range_part(all, place, reducer->parts);
    const size_t begin = part.begin * grain, end = begin + part.count * grain;
    if (part.count == 0)
        return (md_range){samples, 0};
    return (md_range){begin, (end < samples ? end : samples) - begin};
}

md_range md_reducer_part(const md_reducer *reducer, size_t samples)
{
    return reducer->active ? md_reducer_part_of(reducer, md_comm_place(reducer->comm), samples)
                           : (md_range){samples, 0};
}

size_t md_reducer_state_floats(const md_reducer *reducer)
{
    return reducer->stride * (size_t)(1 + reducer->params.moments);
}

int md_reducer_is_active(const md_reducer *reducer)
{
    return reducer->active;
}

int md_reducer_active_ranks(const md_reducer *reducer)
{
    return reducer->active_ranks;
}

void md_reducer_suggest(md_reducer *reducer, int ranks)
{
    assert(reducer->params.varies && ranks > 0);
    reducer->suggested = ranks;
}

float md_reducer_bound(const md_reducer *reducer)
{
    return reducer->bound;
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
    md_status status = md_comm_barrier(reducer->comm, err); /* nobody reads the old ones any more */
    if (md_comm_rank(reducer->comm) == 0 && !status)
        copy_state(reducer, parameters, moments);
    return status ? status : reducer->ops->spread(reducer, err);
}

/* Values are bounded so that their sum over all ranks fits an int64. */
static int add_values(md_reducer *reducer, const int64_t *values)
{
    const int64_t bound = INT64_MAX / md_comm_size(reducer->comm);
    int fits = 1;
    for (int i = 0; i < reducer->params.values; i++) {
        int64_t *sum = &reducer->pending.values[i];
        fits &= !__builtin_add_overflow(*sum, values[i], sum) && *sum <= bound && *sum >= -bound;
    }
    return fits;
}

void md_reducer_add(md_reducer *reducer, size_t samples, const md_step_sums *sums)
{
    md_step_sums *pending = &reducer->pending;
    const int fits = add_values(reducer, sums->values);
    const int taken = reducer->ops->add(reducer, samples);
    pending->bad |= sums->bad != 0 || !fits || !taken;
    reducer->computed = 1;
}

md_status md_reducer_reduce(md_reducer *reducer, size_t samples, int stop, md_step_sums *sums,
                            md_error *err)
{
    const md_step_sums *own = &reducer->pending;
    const int values = reducer->params.values;
    int64_t totals[MD_MOST_SUMS] = {0};
    memcpy(totals, own->values, sizeof own->values);
    totals[values] = stop != 0;
    totals[values + 1] = own->bad;
    md_status status = reducer->ops->reduce(reducer, samples, totals, err);
    if (status)
        return status;
    *sums = (md_step_sums){.stop = (int32_t)totals[values], .bad = (int32_t)totals[values + 1]};
    memcpy(sums->values, totals, (size_t)values * sizeof *totals);
    reducer->pending = (md_step_sums){0};
    reducer->computed = 0;
    return MD_OK;
}

void md_reducer_begin_step(md_reducer *reducer)
{
    mark(reducer, reducer->marks[reducer->own_mark].value | 1);
    /* Whoever sees a parameter of the coming step also sees this mark. */
    atomic_thread_fence(memory_order_release);
}

double *md_reducer_squares(md_reducer *reducer)
{
    return reducer->squares;
}

double md_reducer_square_sum(md_reducer *reducer)
{
    if (reducer->ops->fence)
        reducer->ops->fence(reducer);
    double sum = 0.0;
    for (size_t i = 0; i < reducer->params.rows; i++)
        sum += reducer->squares[i];
    return sum;
}

void md_reducer_publish(md_reducer *reducer, int64_t step)
{
    const int computed = reducer->active;
    mark(reducer, 2 * step);
    if (reducer->ops->publish)
        reducer->ops->publish(reducer);
    if (!computed)
        mark(reducer, 2 * step); /* its first */
}

int md_reducer_consistent(const md_reducer *reducer, int64_t step)
{
    atomic_thread_fence(
        memory_order_acquire); /* what was copied before was read before the marks */
    const int count = atomic_load_explicit(reducer->mark_count, memory_order_acquire);
    for (int i = 0; i < count; i++)
        if (atomic_load_explicit(&reducer->marks[i].value, memory_order_acquire) != 2 * step)
            return 0;
    return 1;
}
