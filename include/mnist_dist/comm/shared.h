/* Memory held once per node: an MPI-3 shared window that the node's first rank fills. */
#ifndef MNIST_DIST_COMM_SHARED_H
#define MNIST_DIST_COMM_SHARED_H

#include <stddef.h>

#include "mnist_dist/comm/comm.h"

typedef struct md_shared md_shared;

/* Collective over the node. `bytes` as given by the node's first rank counts. The memory is zeroed
 * and aligned to MD_ALIGNMENT. *out is NULL on error. */
md_status md_shared_create(md_comm *comm, size_t bytes, md_shared **out, md_error *err);
void *
md_shared_base(const md_shared *shared); /* local; the same memory on every rank of the node */

/* Collective over the node: what ranks wrote before is visible to all of the node after. */
md_status md_shared_fence(md_shared *shared, md_error *err);
void md_shared_destroy(md_shared **shared); /* collective over the node; NULL is fine; clears */

#endif
