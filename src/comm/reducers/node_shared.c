/* node-shared: the ranks of a node write gradients into one shared window; each owner of a slice
 * sums it over the node and then over the nodes, and steps the node's only copy of its parameters
 * and moments.
 *
 *     window: slice states [slices] | parameters, moments | gradients [ranks of this node]
 *
 * Every part starts on a cache line, and slices are whole lines: no line has two writers. */
#include "comm_internal.h"
#include "mnist_dist/comm/shared.h"
#include "reducer_internal.h"

enum { LINE = MD_ALIGNMENT / sizeof(float) };

typedef struct node_blocks {
    md_shared *window;
    MPI_Comm across;  /* the owners of this slice on all nodes; null on one node or without slice */
    float *gradients; /* [ranks of this node][stride] */
} node_blocks;

/* As many slices as the smallest node has ranks, so that each has an owner on every node. */
static void cut_slices(md_reducer *reducer)
{
    size_t slices = (size_t)md_comm_smallest_node(reducer->comm);
    size_t owner = (size_t)md_comm_node_rank(reducer->comm);
    reducer->slice_count = (int)slices;
    reducer->own_slice = owner < slices ? (int)owner : -1;
    if (owner >= slices)
        return;
    size_t lines = reducer->stride / LINE, all = reducer->params.parameters;
    size_t begin = owner * lines / slices * LINE, end = (owner + 1) * lines / slices * LINE;
    reducer->begin = begin < all ? begin : all;
    reducer->count = (end < all ? end : all) - reducer->begin;
}

static md_status open_window(md_reducer *reducer, node_blocks *own, md_error *err)
{
    size_t states = (size_t)reducer->slice_count * sizeof(md_slice_state);
    size_t state = md_reducer_state_floats(reducer);
    size_t gradients = (size_t)md_comm_node_size(reducer->comm) * reducer->stride;
    size_t bytes = states + (state + gradients) * sizeof(float);
    md_status status = md_shared_create(reducer->comm, bytes, &own->window, err);
    if (status)
        return status;
    char *base = md_shared_base(own->window);
    reducer->slices = (md_slice_state *)(void *)base;
    reducer->parameters = (float *)(void *)(base + states);
    own->gradients = reducer->parameters + state;
    reducer->gradient = own->gradients + (size_t)md_comm_node_rank(reducer->comm) * reducer->stride;
    return MD_OK;
}

static md_status create(md_reducer *reducer, md_error *err)
{
    md_comm *comm = reducer->comm;
    node_blocks *own = reducer->variant;
    own->across = MPI_COMM_NULL;
    cut_slices(reducer);
    if (md_comm_nodes(comm) == 1)
        return open_window(reducer, own, err);
    int color = reducer->own_slice >= 0 ? reducer->own_slice : MPI_UNDEFINED;
    md_status status = MD_COLLECTIVE(
        comm, MPI_Comm_split(md_comm_world(comm), color, md_comm_node(comm), &own->across), err);
    return status ? status : open_window(reducer, own, err);
}

static void destroy(md_reducer *reducer)
{
    node_blocks *own = reducer->variant;
    md_shared_destroy(&own->window);
    if (own->across != MPI_COMM_NULL)
        MPI_Comm_free(&own->across);
}

/* Sums this rank's slice over the node in the slice of its own gradient block, which nobody else
 * reads. A piece at a time, so that it stays in the first-level cache while the ranks' blocks are
 * added; each owner starts with itself, so that they do not all read one block at once. */
static void sum_slice(md_reducer *reducer)
{
    enum { PIECE = 1024 };
    const node_blocks *own = reducer->variant;
    int size = md_comm_node_size(reducer->comm), rank = md_comm_node_rank(reducer->comm);
    size_t end = reducer->begin + reducer->count;
    for (size_t at = reducer->begin; at < end; at += PIECE) {
        size_t count = end - at < PIECE ? end - at : PIECE;
        for (int next = 1; next < size; next++) {
            size_t other = (size_t)((rank + next) % size);
            reducer->params.math.add(reducer->gradient + at,
                                     own->gradients + other * reducer->stride + at, count);
        }
    }
}

/* Two fences a step are enough. This one, made of syncs around the allreduce of the step sums,
 * which no rank leaves before all have entered: gradients are complete before an owner sums them,
 * and forward passes are over before an owner steps the parameters they read. The other ends
 * publish: new parameters are complete before they are read, and slices are summed before a rank
 * comes back to write its next gradient. */
static md_status reduce(md_reducer *reducer, int64_t sums[MD_SUMS], md_error *err)
{
    node_blocks *own = reducer->variant;
    md_status status = md_shared_sync(own->window, err);
    if (!status)
        status = MD_COLLECTIVE(reducer->comm,
                               MPI_Allreduce(MPI_IN_PLACE, sums, MD_SUMS, MPI_INT64_T, MPI_SUM,
                                             md_comm_world(reducer->comm)),
                               err);
    if (!status)
        status = md_shared_sync(own->window, err);
    if (status)
        return status;
    sum_slice(reducer);
    if (own->across == MPI_COMM_NULL || reducer->count == 0)
        return MD_OK;
    return MD_COLLECTIVE(reducer->comm,
                         MPI_Allreduce(MPI_IN_PLACE, reducer->gradient + reducer->begin,
                                       (int)reducer->count, MPI_FLOAT, MPI_SUM, own->across),
                         err);
}

/* Rank 0 is the first of its node and owns its slice 0; each node's first rank takes its copy. */
static md_status spread(md_reducer *reducer, md_error *err)
{
    const node_blocks *own = reducer->variant;
    if (own->across == MPI_COMM_NULL || reducer->own_slice != 0)
        return MD_OK;
    return md_broadcast_over(reducer->comm, own->across, reducer->parameters,
                             md_reducer_state_floats(reducer) * sizeof(float), 0, err);
}

static md_status fence(md_reducer *reducer, md_error *err)
{
    const node_blocks *own = reducer->variant;
    return md_shared_fence(own->window, err);
}

const md_reducer_ops md_reducer_node_shared = {
    .variant_size = sizeof(node_blocks),
    .create = create,
    .destroy = destroy,
    .add = md_reducer_can_sum,
    .reduce = reduce,
    .spread = spread,
    .fence = fence,
};
