#include "trial.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/train/run.h"

enum { MAX_ASSIGNMENTS = 32 };

void trial_folder(MPI_Comm comm, char path[TEST_PATH])
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    if (rank == 0)
        test_folder(path);
    MPI_Bcast(path, TEST_PATH, MPI_CHAR, 0, comm);
}

void trial_clean(MPI_Comm comm, const char *path)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    if (rank == 0)
        test_folder_remove(path);
    MPI_Barrier(comm);
}

static void note_step(void *context, const md_step_info *info)
{
    trial *t = context;
    if (t->steps < TRIAL_MAX_STEPS)
        t->losses[t->steps++] = info->step_loss;
    if (t->stop_after && info->step + 1 == t->stop_after)
        t->stop.requested = SIGUSR1;
}

static void on_stall(const char *message, void *context)
{
    (void)context;
    if (!message)
        _exit(MD_STALLED);
    fprintf(stderr, "%s\n", message);
}

static void note_watched(int looking, void *context)
{
    trial *t = context;
    size_t used = strlen(t->watched);
    if (used + 1 < sizeof t->watched)
        t->watched[used] = looking ? '1' : '0';
}

static md_status train(md_comm *comm, const md_run_params *params, trial *t)
{
    md_run run;
    md_status status = md_run_configure(comm, params, &run, &t->err);
    if (!status && t->model)
        run.config.model = *t->model;
    if (!status)
        status = md_run_open(comm, params, &run, &t->err);
    const md_observer observer = {.context = t, .step = note_step};
    const md_train_params train_params = {.command_line = "trial",
                                          .observers = &observer,
                                          .observer_count = 1,
                                          .stop = &t->stop,
                                          .inject = t->inject,
                                          .watched = note_watched,
                                          .on_stall = on_stall,
                                          .context = t};
    if (!status)
        status = md_train(comm, &run, &train_params, &t->result, &t->err);
    md_run_close(&run);
    return status;
}

md_status trial_run(MPI_Comm comm, const char *folder, trial *t)
{
    char output[TEST_PATH + 32];
    const char *assignments[MAX_ASSIGNMENTS] = {output, "distributed.active_ranks=64"};
    md_run_params params = {.assignments = assignments, .assignment_count = 2, .resume = t->resume};
    snprintf(output, sizeof output, "checkpoint.output=%s", folder);
    for (const char *const *a = t->assignments; *a; a++)
        assignments[params.assignment_count++] = *a;
    signal(SIGXFSZ, SIG_IGN); /* for the fault enospc, as in the program */
    t->steps = 0;
    memset(t->watched, 0, sizeof t->watched);
    t->stop.requested = 0;
    md_comm *own;
    md_status status = md_comm_create(comm, 0, &own, &t->err);
    if (status)
        return status;
    status = train(own, &params, t);
    md_comm_destroy(&own);
    return status;
}

md_checkpoint *trial_last(MPI_Comm comm, const char *folder)
{
    int rank;
    char path[TEST_PATH];
    md_checkpoint *c = NULL;
    md_error err;
    MPI_Comm_rank(comm, &rank);
    test_path(folder, "last.h5", path);
    if (rank == 0 && md_checkpoint_read(path, &c, &err))
        fprintf(stderr, "%s\n", err.text);
    return c;
}
