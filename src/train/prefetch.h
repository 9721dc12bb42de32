/* Streamed features on their way to the steps. A node holds two windows of the epoch's order
 * (data/chunk_order.h) in shared memory: while its ranks use one, a thread of each reads its share
 * of the chunks of the next. Which samples stand where depends on neither ranks nor nodes. */
#ifndef MNIST_DIST_TRAIN_PREFETCH_H
#define MNIST_DIST_TRAIN_PREFETCH_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/data/store.h"
#include "mnist_dist/train/batcher.h"

typedef struct md_prefetch_params {
    const md_store *store; /* borrowed, as comm is */
    size_t trained, batch; /* samples of an epoch and of a batch */
    uint64_t seed;
    int shuffle;
    int rows;       /* features are wanted as sparse rows */
    int64_t epochs; /* nothing is read for later ones */
} md_prefetch_params;

/* Collective. MD_USAGE when a window holds too little for a batch. *out is NULL on error. */
md_status md_prefetch_create(md_comm *comm, const md_prefetch_params *params, md_prefetch **out,
                             md_error *err);

/* Collective over the node; waits for what is being read. NULL is fine; clears *prefetch. */
void md_prefetch_destroy(md_prefetch **prefetch);

/* Collective, with the same arguments on all ranks: the positions of a batch can be used until the
 * next call, which must not go back. The first may be anywhere. Agreed: MD_BAD_DATA when a rank
 * could not read. */
md_status md_prefetch_need(md_prefetch *prefetch, int64_t epoch, md_range batch, md_error *err);

/* Local. The sample at a position, and its features: as rows if that was asked for, else as the
 * store's elements. */
uint32_t md_prefetch_id(const md_prefetch *prefetch, size_t position);
md_sparse_row md_prefetch_row(const md_prefetch *prefetch, size_t position);
const void *md_prefetch_features(const md_prefetch *prefetch, size_t position);

#endif
