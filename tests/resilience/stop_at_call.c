/* Put before a program with LD_PRELOAD, through MPI's profiling interface: with MD_STOP_AT=RANK:N
 * that rank stops before its Nth collective call, by SIGSTOP, or as MD_STOP_BY says: "kill",
 * "exit", or "finalize" (MPI_Finalize, then exit). Without MD_STOP_AT each rank lists its calls on
 * stderr, one "call RANK NAME" a line. */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(void)
{
    const char *by = getenv("MD_STOP_BY");
    if (!by)
        raise(SIGSTOP);
    else if (strcmp(by, "kill") == 0)
        raise(SIGKILL);
    else if (strcmp(by, "finalize") == 0)
        PMPI_Finalize();
    if (by)
        exit(0);
}

static void count(const char *name)
{
    static int calls;
    int rank, stopping_rank, stopping_call;
    const char *where = getenv("MD_STOP_AT");
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    calls++;
    if (!where)
        fprintf(stderr, "call %d %s\n", rank, name);
    else if (sscanf(where, "%d:%d", &stopping_rank, &stopping_call) == 2 && rank == stopping_rank &&
             calls == stopping_call)
        stop();
}

int MPI_Allreduce(const void *from, void *to, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    count("allreduce");
    return PMPI_Allreduce(from, to, n, type, op, comm);
}

int MPI_Bcast(void *data, int n, MPI_Datatype type, int root, MPI_Comm comm)
{
    count("bcast");
    return PMPI_Bcast(data, n, type, root, comm);
}

int MPI_Barrier(MPI_Comm comm)
{
    count("barrier");
    return PMPI_Barrier(comm);
}

int MPI_Allgather(const void *from, int n, MPI_Datatype type, void *to, int m, MPI_Datatype other,
                  MPI_Comm comm)
{
    count("allgather");
    return PMPI_Allgather(from, n, type, to, m, other, comm);
}

int MPI_Gather(const void *from, int n, MPI_Datatype type, void *to, int m, MPI_Datatype other,
               int root, MPI_Comm comm)
{
    count("gather");
    return PMPI_Gather(from, n, type, to, m, other, root, comm);
}

int MPI_Win_free(MPI_Win *window)
{
    count("win_free");
    return PMPI_Win_free(window);
}

int MPI_Finalize(void)
{
    count("finalize");
    return PMPI_Finalize();
}
