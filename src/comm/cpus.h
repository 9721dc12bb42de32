/* Which ranks of a node have a CPU of their own. Internal to comm. */
#ifndef MNIST_DIST_COMM_CPUS_H
#define MNIST_DIST_COMM_CPUS_H

#include "comm_internal.h"

/* Collective over comm's node. In the order of its ranks each takes a CPU that it may run on
 * (sched_getaffinity(2)) and that none before it has taken: *has_cpu is 1 if it found one, as the
 * node's first rank always does. */
md_status md_cpus_share(const md_comm *comm, int *has_cpu, md_error *err);

#endif
