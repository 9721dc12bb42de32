/* exchange: ranks share, not gradients, but what gradients are made of: for each sample the
 * activations and the gradients by them, a hundredth of the weights' size for a small batch
 * ("sufficient factor broadcasting", Xie et al., UAI 2016). From the rows of the whole batch each
 * rank computes the gradient of its own slice of the weights and steps it (as ZeRO's stage 1,
 * Rajbhandari et al., SC 2020). Where weights are fewer than what their gradients are made of, as a
 * convolution's, a row is their sum over a micro-shard of the batch instead. Every sum runs over
 * the rows in batch order, whoever owns it, so the rank count cannot show in any bit.
 *
 * A node holds one copy of everything and its ranks cut the weights among themselves. Between nodes
 * the rows travel, in one MPI_Allgatherv a step, and every node computes all slices: the state is
 * whole on each, for saving and for rescue, and no weights need to travel.
 *
 * Of a node's ranks only those that are active compute; how many that is may change after any step.
 * The others have no samples and no slice, and follow.
 *
 *     window: barrier | what others follow | step sums [places of this node] |
 *             marks [the same] | square sums [rows] | parameters, moments | matrices */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrier.h"
#include "comm_internal.h"
#include "follow.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/shared.h"
#include "reducer_internal.h"

typedef struct exchange {
    md_shared *window;
    md_barrier *barrier;
    md_follow *follow;
    md_totals *ranks; /* [places of this node] */
    int64_t steps;    /* reduced so far */
    int suggested;    /* by the last one; see md_totals */
    /* Of the first rank of a node, if there are several. */
    MPI_Comm leaders; /* else null */
    char *sent, *received;
    int *bytes, *offsets; /* [nodes]: of the messages received */
} exchange;

static void fence(md_reducer *reducer)
{
    exchange *own = reducer->variant;
    md_barrier_wait(own->barrier, reducer->comm, reducer->active_ranks);
}

static int leads(const md_reducer *reducer)
{
    return md_comm_node_rank(reducer->comm) == 0;
}

/* Floats in some samples' rows of all matrices. */
static size_t floats_of(const md_reducer *reducer, md_range samples)
{
    size_t floats = 0;
    for (int i = 0; i < reducer->params.matrix_count; i++)
        floats += md_matrix_floats(&reducer->params.matrices[i], samples);
    return floats;
}

static size_t most_floats(const md_reducer *reducer)
{
    return floats_of(reducer, (md_range){0, reducer->params.batch});
}

static size_t places_here(const md_reducer *reducer)
{
    return md_comm_places(reducer->comm, md_comm_node(reducer->comm)).count;
}

/* Local: from now on so many of the node's ranks compute. */
static void divide(md_reducer *reducer, int active)
{
    const md_reducer_params *params = &reducer->params;
    const int rank = md_comm_order(reducer->comm);
    reducer->active_ranks = active;
    reducer->active = rank < active;
    reducer->slice = (md_range){0};
    if (reducer->active)
        reducer->slice = params->cut(params->context, rank, active);
    if (md_comm_nodes(reducer->comm) == 1)
        reducer->parts = active;
}

static md_status open_window(md_reducer *reducer, exchange *own, md_error *err)
{
    const size_t ranks = places_here(reducer);
    const size_t sizes[] = {sizeof *own->barrier,
                            md_follow_bytes(reducer->comm),
                            ranks * sizeof *own->ranks,
                            ranks * sizeof *reducer->marks,
                            md_aligned(reducer->params.rows * sizeof *reducer->squares),
                            md_reducer_state_floats(reducer) * sizeof(float),
                            most_floats(reducer) * sizeof(float)};
    enum { PARTS = sizeof sizes / sizeof *sizes };
    size_t bytes = 0;
    void *parts[PARTS];
    for (int i = 0; i < PARTS; i++)
        bytes += sizes[i];
    md_status status = md_shared_create(reducer->comm, bytes, &own->window, err);
    if (status)
        return status;
    char *base = md_shared_base(own->window);
    for (int i = 0; i < PARTS; base += sizes[i], i++)
        parts[i] = base;
    own->barrier = parts[0];
    own->follow = parts[1];
    own->ranks = parts[2];
    reducer->marks = parts[3];
    reducer->squares = parts[4];
    reducer->parameters = parts[5];
    reducer->matrices = parts[6];
    reducer->mark_count = &own->follow->active;
    atomic_store(&own->follow->active, reducer->active_ranks);
    md_follow_place(own->follow, md_comm_order(reducer->comm), reducer->active ? INT64_MAX : 0);
    return MD_OK;
}

/* A message is a node's sums and its rows of each matrix. */
static md_status make_messages(md_reducer *reducer, exchange *own, md_error *err)
{
    const size_t nodes = (size_t)md_comm_nodes(reducer->comm);
    const size_t rows = most_floats(reducer) * sizeof(float);
    const size_t head = sizeof own->ranks->sums;
    if (rows + nodes * head > INT_MAX)
        return md_fail(err, MD_USAGE,
                       "distributed.reducer exchange: a batch of %zu makes %zu bytes to be sent, "
                       "more than a message can hold; choose a smaller train.batch_size, or "
                       "allreduce",
                       reducer->params.batch, rows);
    md_status status = md_allocate((void **)&own->sent, head + rows, 1, "rows to send", err);
    if (!status)
        status = md_allocate((void **)&own->received, nodes * head + rows, 1, "rows received", err);
    if (!status)
        status = md_allocate((void **)&own->bytes, nodes, sizeof *own->bytes, "counts", err);
    if (!status)
        status = md_allocate((void **)&own->offsets, nodes, sizeof *own->offsets, "offsets", err);
    return status;
}

static md_status meet_leaders(md_reducer *reducer, exchange *own, md_error *err)
{
    md_comm *comm = reducer->comm;
    if (md_comm_nodes(comm) == 1)
        return MD_OK;
    md_status status =
        MD_COLLECTIVE(comm,
                      MPI_Comm_split(md_comm_world(comm), leads(reducer) ? 0 : MPI_UNDEFINED,
                                     md_comm_node(comm), &own->leaders),
                      err);
    if (!status && leads(reducer)) /* not every MPI hands it on */
        status = MD_MPI(MPI_Comm_set_errhandler(own->leaders, MPI_ERRORS_RETURN), err);
    if (!status && leads(reducer))
        status = make_messages(reducer, own, err);
    return md_agree(comm, status, err);
}

static md_status create(md_reducer *reducer, md_error *err)
{
    const md_reducer_params *params = &reducer->params;
    exchange *own = reducer->variant;
    void *gradient;
    own->leaders = MPI_COMM_NULL;
    divide(reducer, (int)places_here(reducer));
    reducer->own_mark = md_comm_order(reducer->comm);
    /* Then no product of two is too large, nor the sum of a batch of them. */
    reducer->bound = sqrtf(FLT_MAX / 2 / (float)params->batch);
    md_status status =
        md_allocate(&gradient, params->varies ? params->parameters : reducer->slice.count,
                    sizeof(float), "the slice's gradient", err);
    reducer->gradient = gradient;
    status = md_agree(reducer->comm, status, err);
    if (!status)
        status = meet_leaders(reducer, own, err);
    return status ? status : open_window(reducer, own, err);
}

static void destroy(md_reducer *reducer)
{
    exchange *own = reducer->variant;
    md_shared_destroy(&own->window);
    if (own->leaders != MPI_COMM_NULL)
        MPI_Comm_free(&own->leaders);
    free(reducer->gradient);
    free(own->sent);
    free(own->received);
    free(own->bytes);
    free(own->offsets);
}

static int add(md_reducer *reducer, size_t samples)
{
    const md_reducer_params *params = &reducer->params;
    const md_range part = md_reducer_part(reducer, samples), all = {0, params->batch};
    const float *block = reducer->matrices;
    int good = 1;
    for (int i = 0; i < params->matrix_count; i++) {
        const md_matrix *matrix = &params->matrices[i];
        const md_range rows = md_matrix_rows(matrix, part);
        good &= params->all_within(block + rows.begin * matrix->width, rows.count * matrix->width,
                                   reducer->bound);
        block += md_matrix_floats(matrix, all);
    }
    return good;
}

/* The samples of a batch that a node's ranks take together. */
static md_range samples_of(const md_reducer *reducer, int node, size_t samples)
{
    const md_range places = md_comm_places(reducer->comm, node);
    const md_range first = md_reducer_part_of(reducer, (int)places.begin, samples);
    const md_range last =
        md_reducer_part_of(reducer, (int)(places.begin + places.count) - 1, samples);
    return (md_range){first.begin, last.begin + last.count - first.begin};
}

/* Copies some samples' rows of all matrices to a message, or from it. */
static void copy_rows(md_reducer *reducer, md_range samples, char *message, int from)
{
    const md_range all = {0, reducer->params.batch};
    float *block = reducer->matrices;
    for (int i = 0; i < reducer->params.matrix_count; i++) {
        const md_matrix *matrix = &reducer->params.matrices[i];
        const md_range rows = md_matrix_rows(matrix, samples);
        const size_t bytes = rows.count * matrix->width * sizeof *block;
        float *own = block + rows.begin * matrix->width;
        memcpy(from ? (void *)own : message, from ? message : (const void *)own, bytes);
        message += bytes;
        block += md_matrix_floats(matrix, all);
    }
}

static void sum_up(const int64_t *sums, int64_t *totals)
{
    for (int i = 0; i < MD_MOST_SUMS; i++)
        totals[i] += sums[i];
}

/* The leaders' part: sums and rows of every node to every node. */
static md_status exchange_between_nodes(md_reducer *reducer, size_t samples, int64_t *totals,
                                        md_error *err)
{
    exchange *own = reducer->variant;
    const int nodes = md_comm_nodes(reducer->comm), here = md_comm_node(reducer->comm);
    const size_t head = MD_MOST_SUMS * sizeof *totals;
    int offset = 0;
    for (int k = 0; k < nodes; k++) {
        const size_t rows = floats_of(reducer, samples_of(reducer, k, samples)) * sizeof(float);
        own->offsets[k] = offset;
        own->bytes[k] = (int)(head + rows);
        offset += own->bytes[k];
    }
    memcpy(own->sent, totals, head);
    copy_rows(reducer, samples_of(reducer, here, samples), own->sent + head, 0);
    md_status status =
        MD_COLLECTIVE(reducer->comm,
                      MPI_Allgatherv(own->sent, own->bytes[here], MPI_BYTE, own->received,
                                     own->bytes, own->offsets, MPI_BYTE, own->leaders),
                      err);
    for (int k = 0; k < nodes && !status; k++) {
        int64_t sums[MD_MOST_SUMS];
        char *message = own->received + own->offsets[k];
        if (k == here)
            continue;
        memcpy(sums, message, head);
        sum_up(sums, totals);
        copy_rows(reducer, samples_of(reducer, k, samples), message + head, 1);
    }
    return status;
}

/* The node's totals, from those of its active ranks. */
static void sum_node(md_reducer *reducer, int64_t *sums, md_totals *out)
{
    const exchange *own = reducer->variant;
    md_totals *mine = &own->ranks[md_comm_order(reducer->comm)];
    if (leads(reducer)) {
        md_follow_make_room(own->follow, reducer->comm);
        sums[reducer->params.values] += md_follow_stops(own->follow);
    }
    memcpy(mine->sums, sums, sizeof mine->sums);
    mine->suggested = reducer->suggested;
    reducer->suggested = 0;
    fence(reducer);
    *out = (md_totals){.suggested = own->ranks[0].suggested};
    for (int r = 0; r < reducer->active_ranks; r++)
        sum_up(own->ranks[r].sums, out->sums);
}

/* Those of the batch, as an active rank comes to know them. */
static void sum_batch(md_reducer *reducer, size_t samples, int64_t *sums, md_totals *out,
                      md_error *err)
{
    exchange *own = reducer->variant;
    const md_comm *comm = reducer->comm;
    sum_node(reducer, sums, out);
    if (own->leaders != MPI_COMM_NULL)
        out->status = exchange_between_nodes(reducer, samples, out->sums, err);
    if (leads(reducer))
        md_follow_tell(own->follow, out);
    if (md_comm_nodes(comm) == 1)
        return;
    fence(reducer);
    *out = own->follow->totals[own->steps % MD_FOLLOW_STEPS];
}

/* What a node's first rank found out is true for all of them. */
static md_status reduce(md_reducer *reducer, size_t samples, int64_t *sums, md_error *err)
{
    exchange *own = reducer->variant;
    md_totals totals;
    if (!reducer->active && sums[reducer->params.values]) /* the wish to stop */
        md_follow_ask_to_stop(own->follow);
    if (reducer->active)
        sum_batch(reducer, samples, sums, &totals, err);
    else
        md_follow_read(own->follow, reducer->comm, own->steps, &totals);
    own->steps++;
    own->suggested = totals.suggested;
    memcpy(sums, totals.sums, sizeof totals.sums);
    if (totals.status && !leads(reducer))
        return md_fail(err, totals.status,
                       "the first rank of this node could not exchange with other nodes; look for "
                       "its message");
    return totals.status;
}

/* Local, on all ranks of the node after the same step: `next` of them compute in the coming ones.
 */
static void change_to(md_reducer *reducer, int next)
{
    const exchange *own = reducer->variant;
    const int before = reducer->active_ranks, rank = md_comm_order(reducer->comm);
    divide(reducer, next);
    if (rank >= before && rank < next)
        md_follow_place(own->follow, rank, INT64_MAX);
    if (!leads(reducer))
        return;
    for (int r = next; r < before; r++)
        md_follow_place(own->follow, r, own->steps);
    for (int r = before; r < next; r++) /* which may be late to say so themselves */
        atomic_store(&reducer->marks[r].value, atomic_load(&reducer->marks[rank].value));
    atomic_store(&own->follow->active, next);
}

static void publish(md_reducer *reducer)
{
    const exchange *own = reducer->variant;
    if (reducer->active)
        fence(reducer);
    else
        md_follow_wait(own->follow, reducer->comm, own->steps - 1);
    if (leads(reducer))
        md_follow_publish(own->follow);
    if (own->suggested && own->suggested != reducer->active_ranks)
        change_to(reducer, own->suggested);
}

/* Rank 0 leads the first node. */
static md_status spread(md_reducer *reducer, md_error *err)
{
    const exchange *own = reducer->variant;
    md_status status = MD_OK;
    if (own->leaders != MPI_COMM_NULL)
        status = md_broadcast_over(reducer->comm, own->leaders, reducer->parameters,
                                   md_reducer_state_floats(reducer) * sizeof(float), 0, err);
    status = md_agree(reducer->comm, status, err);
    return status ? status : md_shared_fence(own->window, err);
}

const md_reducer_ops md_reducer_exchange = {
    .exchanges = 1,
    .variant_size = sizeof(exchange),
    .create = create,
    .destroy = destroy,
    .add = add,
    .reduce = reduce,
    .spread = spread,
    .fence = fence,
    .publish = publish,
};
