/* The reducers there are, and what each has to say of itself: the only list of them. Free of MPI,
 * so that the configuration can offer them. A reducer is its file in src/comm/reducers and its row.
 */
#ifndef MNIST_DIST_COMM_REDUCER_LIST_H
#define MNIST_DIST_COMM_REDUCER_LIST_H

#include <stdint.h>

/* What bits survive: MD_PROMISE_ORDER, the same bits at the same rank count; MD_PROMISE_RANK_COUNT,
 * at any rank count. For that the batch is cut into micro-shards, which no rank count changes: each
 * is handed to the reducer by itself, where others get a rank's part of the batch as one. */
typedef enum md_promise { MD_PROMISE_ORDER, MD_PROMISE_RANK_COUNT } md_promise;

/* X(ID, id, name, promise, how): MD_REDUCER_ID is its kind, md_reducer_id its md_reducer_ops. The
 * first is the default. */
#define MD_REDUCERS(X)                                                                             \
    X(ALLREDUCE, allreduce, "allreduce", MD_PROMISE_ORDER,                                         \
      "one in-place `MPI_Allreduce` of the gradient")                                              \
    X(NODE_SHARED, node_shared, "node-shared", MD_PROMISE_ORDER,                                   \
      "ranks of a node share gradients and weights through memory; the fastest")                   \
    X(REPRODUCIBLE, reproducible, "reproducible", MD_PROMISE_RANK_COUNT,                           \
      "the batch is cut into micro-shards that no rank count changes; their gradients are summed " \
      "as integers")

/* Options of single reducers, as the configuration has them; the others ignore them. */
typedef struct md_reducer_options {
    int64_t micro_shard; /* reproducible: images in a micro-shard, from 1 */
} md_reducer_options;

typedef enum md_reducer_kind {
#define MD_REDUCER_KIND(ID, id, name, promise, how) MD_REDUCER_##ID,
    MD_REDUCERS(MD_REDUCER_KIND)
#undef MD_REDUCER_KIND
        MD_REDUCER_KINDS
} md_reducer_kind;

typedef struct md_reducer_about {
    const char *name;
    md_promise promise;
    const char *how; /* for the README */
} md_reducer_about;

/* By kind. */
static const md_reducer_about md_reducer_abouts[] = {
#define MD_REDUCER_ABOUT(ID, id, name, promise, how) {name, promise, how},
    MD_REDUCERS(MD_REDUCER_ABOUT)
#undef MD_REDUCER_ABOUT
};

#endif
