/* stall_callback FOLDER: a program of its own that uses the library. Rank 1 stays away while rank 0
 * waits for it. Prints what its callbacks are told, and ends as it likes. */
#include <stdio.h>
#include <unistd.h>

#include "mnist_dist/resilience/heartbeat.h"

enum { OWN_EXIT_CODE = 3, FOR_EVER_S = 60 };

static void rescue(void *context, int may_save, char *said, size_t size)
{
    snprintf(said, size, "%s %s", may_save ? "saved" : "not saved", (const char *)context);
}

static void on_stall(const char *message, void *context)
{
    if (!message)
        _exit(OWN_EXIT_CODE);
    printf("%s is told: %s\n", (const char *)context, message);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char name[16];
    int provided;
    md_comm *comm;
    md_heartbeat *heartbeat;
    if (argc != 2 || MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        md_comm_create(MPI_COMM_WORLD, 0, &comm, NULL) != MD_OK)
        return 1;
    const int rank = md_comm_rank(comm);
    snprintf(name, sizeof name, "rank %d", rank);
    const md_heartbeat_params params = {
        .folder = argv[1], .timeout = 1.0, .rescue = rescue, .on_stall = on_stall, .context = name};
    if (md_heartbeat_start(comm, &params, &heartbeat, NULL) != MD_OK)
        return 1;
    md_heartbeat_mark(heartbeat, MD_PHASE_COMPUTE, 17);
    if (rank == 1)
        sleep(FOR_EVER_S);
    return md_comm_barrier(comm, NULL) == MD_OK ? 0 : 1;
}
