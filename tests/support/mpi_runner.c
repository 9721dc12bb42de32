/* Runs the suite on every rank; one bad rank fails all. `--hang-rank R` makes rank R wait for a
 * debugger before the tests. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"

static void hang(int rank)
{
    fprintf(stderr, "rank %d waits for a debugger: gdb -p %d, then `set var go = 1`\n", rank,
            (int)getpid());
    volatile int go = 0;
    while (!go)
        sleep(1);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (argc == 3 && strcmp(argv[1], "--hang-rank") == 0 && atoi(argv[2]) == rank)
        hang(rank);
    if (rank != 0 && !freopen("/dev/null", "w", stdout))
        MPI_Abort(MPI_COMM_WORLD, 1);
    unsigned failures = md_run_suite(), worst;
    if (failures)
        fprintf(stderr, "%s: rank %d: %u failed assertions\n", md_suite, rank, failures);
    MPI_Allreduce(&failures, &worst, 1, MPI_UNSIGNED, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return worst ? 1 : 0;
}
