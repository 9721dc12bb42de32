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

/* Returns once `ranks` ranks of comm's node have called it, always the same ones or, from one round
 * to the next, others that all know of; what each wrote before is visible to all after. With a CPU
 * for each active rank a rank looks for the others for a while; then it sleeps (futex(2)). Tells
 * the wait hook. */
void md_barrier_wait(md_barrier *barrier, const md_comm *comm, int ranks);

#endif
