/* A barrier between the ranks of a node, in memory that they share, without MPI. Internal to comm.
 */
#ifndef MNIST_DIST_COMM_BARRIER_H
#define MNIST_DIST_COMM_BARRIER_H

#include <stdatomic.h>
#include <stdint.h>

#include "comm_internal.h"
#include "mnist_dist/base/memory.h"

/* In shared memory, zeroed. */
typedef struct md_barrier {
    _Alignas(MD_ALIGNMENT) _Atomic uint32_t arrived; /* ranks in the open round */
    _Alignas(MD_ALIGNMENT) _Atomic uint32_t round;   /* finished ones; a futex */
    _Atomic uint32_t sleepers;                       /* ranks that wait in the kernel */
} md_barrier;

/* How a rank waits before it sleeps, its own. */
typedef struct md_patience {
    int own_core; /* has every rank of the node one? */
    int resting;  /* waits to come for which it sleeps at once */
} md_patience;

/* Collective over the node. */
md_status md_patience_create(const md_comm *comm, md_patience *out, md_error *err);

/* Returns once all ranks of comm's node have called it; what each wrote before is visible to all
 * after. With a core for each of them a rank looks for the others for a while; otherwise it lets
 * the next one have the core. Then it sleeps (futex(2)). Tells the wait hook. */
void md_barrier_wait(md_barrier *barrier, const md_comm *comm, md_patience *patience);

#endif
