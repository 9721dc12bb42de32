#include "cpus.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

static int take(const cpu_set_t *allowed, cpu_set_t *taken)
{
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, allowed) && !CPU_ISSET(cpu, taken)) {
            CPU_SET(cpu, taken);
            return 1;
        }
    return 0;
}

md_status md_cpus_share(const md_comm *comm, int *has_cpu, md_error *err)
{
    MPI_Comm node = md_comm_node_comm(comm);
    const size_t ranks = (size_t)md_comm_node_size(comm);
    cpu_set_t own, taken;
    void *all;
    CPU_ZERO(&taken);
    if (sched_getaffinity(0, sizeof own, &own) != 0)
        memset(&own, 0xff, sizeof own); /* more CPUs than it has bits */
    md_status status = md_allocate(&all, ranks, sizeof own, "the CPUs of a node's ranks", err);
    status = md_agree_over(comm, node, status, err);
    if (!status)
        status = MD_COLLECTIVE(
            comm,
            MPI_Allgather(&own, (int)sizeof own, MPI_BYTE, all, (int)sizeof own, MPI_BYTE, node),
            err);
    for (int r = 0; r <= md_comm_node_rank(comm) && !status; r++)
        *has_cpu = take((const cpu_set_t *)all + r, &taken);
    free(all);
    return status;
}
