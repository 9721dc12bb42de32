/* Memory held once per node: an MPI-3 shared window that the node's first rank fills. */
#ifndef MNIST_DIST_COMM_SHARED_H
#define MNIST_DIST_COMM_SHARED_H

#include <stddef.h>

#include "mnist_dist/comm/comm.h"

typedef struct md_shared md_shared;

/* Collective over the node. `bytes` as given by the node's first rank counts. The memory is zeroed
 * and aligned to MD_ALIGNMENT. Borrows comm, which must outlive it. *out is NULL on error; too
 * little room in /dev/shm is an error on every rank of the node (md_agree tells other nodes). */
md_status md_shared_create(md_comm *comm, size_t bytes, md_shared **out, md_error *err);

/* Local; the same memory on every rank of the node. */
void *md_shared_base(const md_shared *shared);

/* Collective over the node: what ranks wrote before is visible to all of the node after. */
md_status md_shared_fence(md_shared *shared, md_error *err);

/* Local. A fence is sync, barrier, sync; this is for callers with a collective of their own that no
 * rank leaves before all have entered. */
md_status md_shared_sync(md_shared *shared, md_error *err);

void md_shared_destroy(md_shared **shared); /* collective over the node; NULL is fine; clears */

/* Local: how many bytes a new window could have on this node. */
size_t md_shared_room(const md_comm *comm);

#endif
