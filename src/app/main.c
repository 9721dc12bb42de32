#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "process/guard.h"
#include "process/launch.h"
#include "process/launched.h"
#include "process/process.h"
#include "process/signals.h"

static md_status run(int argc, char **argv)
{
    md_comm *comm = NULL;
    md_error err = {0};
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        md_log_set_sink(md_log_to_stderr, NULL);
    md_status status = md_comm_create(MPI_COMM_WORLD, 0, &comm, &err);
    md_guard("running", 0.0);
    if (!status)
        status = md_run_command(comm, argc, argv, &err);
    /* Before anything is torn down: mpirun kills the other ranks once one has failed. */
    int unwritten = fflush(stdout) || ferror(stdout);
    /* A reader that leaves early (`| head`) has seen enough. */
    if (!status && rank == 0 && unwritten && !md_process_unheard(STDOUT_FILENO))
        status = md_fail(&err, MD_FAILED, "standard output cannot be written; is the disk full?");
    if (status && rank == 0 && err.text[0])
        fprintf(stderr, "mnist_dist: %s\n", err.text);
    md_comm_destroy(&comm);
    return status;
}

int main(int argc, char **argv)
{
    int provided;
    md_process_settle();
    md_launched_look();
    /* A job may be asked to stop, and a rank be lost, before MPI is ready. */
    md_guard("starting", MD_GUARD_START_S);
    if (md_is_train(argc, argv))
        md_signals_install();
    if (!md_launched())
        md_launch_alone();
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
        fprintf(stderr, "mnist_dist: MPI could not be started\n");
        return MD_FAILED;
    }
    const md_status status = run(argc, argv);
    md_guard_end(status);
    MPI_Finalize();
    return (int)status;
}
