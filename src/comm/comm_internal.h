/* How comm/ waits, and collectives over some of the ranks, such as those of a node. */
#ifndef MNIST_DIST_COMM_COMM_INTERNAL_H
#define MNIST_DIST_COMM_COMM_INTERNAL_H

#include "mnist_dist/comm/comm.h"

/* Every call of MPI that may wait for other ranks is made through this, so that the wait hook
 * knows.
 */
#define MD_COLLECTIVE(comm, call, err)                                                             \
    (md_comm_tell(comm, 1), md_comm_told(comm, md_mpi_check((call), #call, (err))))

/* Calls the wait hook. */
void md_comm_tell(const md_comm *comm, int waiting);

/* Outside MPI nothing sends on what a collective of this rank has left queued, and those who wait
 * for that may be whom this rank waits for: to be called now and then by whoever waits long. */
void md_comm_progress(const md_comm *comm);

/* md_comm_tell(comm, 0); returns the status. */
md_status md_comm_told(const md_comm *comm, md_status status);

/* As md_agree and md_comm_broadcast, over `ranks` of comm. */
md_status md_agree_over(const md_comm *comm, MPI_Comm ranks, md_status local, md_error *err);
md_status md_broadcast_over(const md_comm *comm, MPI_Comm ranks, void *data, size_t bytes, int root,
                            md_error *err);

#endif
