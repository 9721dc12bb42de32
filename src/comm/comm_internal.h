/* Collectives over any one communicator, for the functions that offer them over all ranks and for
 * those that need them over a node. */
#ifndef MNIST_DIST_COMM_COMM_INTERNAL_H
#define MNIST_DIST_COMM_COMM_INTERNAL_H

#include "mnist_dist/comm/comm.h"

/* As md_agree, over `ranks`. world_rank is what an error of this rank's own is said to come from.
 */
md_status md_agree_over(MPI_Comm ranks, int world_rank, md_status local, md_error *err);

/* As md_comm_broadcast, over `ranks`. */
md_status md_broadcast_over(MPI_Comm ranks, void *data, size_t bytes, int root, md_error *err);

#endif
