/* The reducers there are, and what each has to say of itself: the only list of them. Free of MPI,
 * so that the configuration can offer them. A reducer is its file in src/comm/reducers and its row.
 */
#ifndef MNIST_DIST_COMM_REDUCER_LIST_H
#define MNIST_DIST_COMM_REDUCER_LIST_H

/* What bits survive: MD_PROMISE_ORDER, the same bits at the same rank count; MD_PROMISE_RANK_COUNT,
 * at any rank count. */
typedef enum md_promise { MD_PROMISE_ORDER, MD_PROMISE_RANK_COUNT } md_promise;

/* X(ID, id, name, promise, how): MD_REDUCER_ID is its kind, md_reducer_id its md_reducer_ops. The
 * first is the default. */
#define MD_REDUCERS(X)                                                                             \
    X(ALLREDUCE, allreduce, "allreduce", MD_PROMISE_ORDER,                                         \
      "one in-place `MPI_Allreduce` of the gradient")                                              \
    X(EXCHANGE, exchange, "exchange", MD_PROMISE_RANK_COUNT,                                       \
      "ranks share activations and gradients by them, and each sums and steps its own slice of "   \
      "the weights over the whole batch; the fastest for small batches")

/* X(name, ID): names of reducers that were, and the kind that now does what they promised. */
#define MD_FORMER_REDUCERS(X)                                                                      \
    X("node-shared", EXCHANGE)                                                                     \
    X("reproducible", EXCHANGE)

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
