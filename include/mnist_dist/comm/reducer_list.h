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

/* Options of single reducers, which the others ignore: X(key, standard, low, high, help) is one key
 * of `distributed`. */
#define MD_REDUCER_OPTIONS(X)                                                                      \
    X(micro_shard, 8, 1, 1000000,                                                                  \
      "reproducible: images per indivisible part of a batch; then the same on resume")

typedef struct md_reducer_options {
#define MD_REDUCER_OPTION(key, standard, low, high, help) int64_t key;
    MD_REDUCER_OPTIONS(MD_REDUCER_OPTION)
#undef MD_REDUCER_OPTION
} md_reducer_options;

static const md_reducer_options md_reducer_standard_options = {
#define MD_REDUCER_STANDARD(key, standard, low, high, help) .key = (standard),
    MD_REDUCER_OPTIONS(MD_REDUCER_STANDARD)
#undef MD_REDUCER_STANDARD
};

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
