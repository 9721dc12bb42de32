/* The ranks of a run: all of them, those of this node, and how nodes line up. */
#ifndef MNIST_DIST_COMM_COMM_H
#define MNIST_DIST_COMM_COMM_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/base/range.h"

typedef struct md_comm md_comm;

/* Collective over comm, which is duplicated. node_size 0 asks MPI which ranks share memory; n > 0
 * pretends that every n consecutive ranks of a real node are a node of their own (for tests and
 * experiments). Identical arguments on all ranks. MPI errors are returned, not fatal, from here on.
 * *out is NULL on error. */
md_status md_comm_create(MPI_Comm comm, int node_size, md_comm **out, md_error *err);
void md_comm_destroy(md_comm **comm); /* collective; NULL is fine; clears *comm */

/* Local. */
int md_comm_rank(const md_comm *comm);
int md_comm_size(const md_comm *comm);
int md_comm_node_rank(const md_comm *comm); /* within this node */
int md_comm_node_size(const md_comm *comm); /* ranks on this node */
int md_comm_node(const md_comm *comm);      /* number of this node, 0 .. nodes-1 */
int md_comm_nodes(const md_comm *comm);
/* Places count the ranks that may compute, node by node, see md_comm_give_places: this rank's, -1
 * if it has none; those of a node; and all. */
int md_comm_place(const md_comm *comm);
md_range md_comm_places(const md_comm *comm, int node);
int md_comm_place_count(const md_comm *comm);
/* This rank's number on its node, those with a place first. */
int md_comm_order(const md_comm *comm);
/* Are there more places on this node than ranks that can run at once? */
int md_comm_is_crowded(const md_comm *comm);
MPI_Comm md_comm_world(const md_comm *comm); /* borrowed handles */
MPI_Comm md_comm_node_comm(const md_comm *comm);
const char *md_comm_hosts(const md_comm *comm); /* "n1,n2": each host once, in rank order */

/* Collective, before a reducer is made. Who may compute in the steps of a reducer that exchanges:
 * with `most` 0 each rank that finds a CPU of its own among those it may run on
 * (sched_getaffinity(2)), else the first so many ranks of each node. All may until this is called.
 * Ranks that take turns on a CPU cost a step more than they bring to it. */
md_status md_comm_give_places(md_comm *comm, int most, md_error *err);

/* Local. From now on every collective of comm/ over these ranks, or some of them, calls
 * hook(context, 1) just before it may wait for others, and hook(context, 0) when it need not wait
 * any more, on the calling thread. The context is borrowed; a NULL hook ends it. */
typedef void (*md_wait_hook)(void *context, int waiting);
void md_comm_set_wait_hook(md_comm *comm, md_wait_hook hook, void *context);

/* The MPI library in use, on one line: "Open MPI v4.1.4", "MPICH 4.0.2". Local. */
const char *md_mpi_version(void);

/* Turns an MPI return code into a status, with MPI's words on one line. Local. */
md_status md_mpi_check(int code, const char *call, md_error *err);

#define MD_MPI(call, err) md_mpi_check((call), #call, (err))

/* The few collectives others need, over all ranks. Collective; checked. */
md_status md_comm_barrier(md_comm *comm, md_error *err);
md_status md_comm_broadcast(md_comm *comm, void *data, size_t bytes, int root, md_error *err);
/* bytes from every rank, in rank order, into out[size][bytes] on rank 0 (out unused elsewhere). */
md_status md_comm_gather(md_comm *comm, const void *data, size_t bytes, void *out, md_error *err);
/* Each value becomes its sum over ranks. */
md_status md_comm_sum(md_comm *comm, int64_t *values, size_t count, md_error *err);

#endif
