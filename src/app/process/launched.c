#include "launched.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/parse.h"

/* The variables in which launchers number their processes and say how many there are. */
static const struct {
    const char *rank, *size;
} launchers[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, /* Open MPI */
    {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},   /* MVAPICH */
    {"PMI_RANK", "PMI_SIZE"},                         /* MPICH and what comes of it, as Intel MPI */
    {"PMIX_RANK", "PMIX_SIZE"},                       /* any that speaks PMIx */
};

enum { LAUNCHERS = sizeof launchers / sizeof *launchers };

static int64_t number(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    if (text)
        md_parse_i64(text, 0, INT32_MAX, &otherwise);
    return otherwise;
}

/* Seen before MPI_Init. */
static int by_launcher, by_srun;

void md_launched_look(void)
{
    static const char slurm[] = "slurm.pmix"; /* how Slurm's PMIx server calls a step */
    const char *namespace = getenv("PMIX_NAMESPACE");
    by_srun = namespace && strncmp(namespace, slurm, strlen(slurm)) == 0;
    for (int i = 0; i < LAUNCHERS; i++)
        if (getenv(launchers[i].rank) || getenv(launchers[i].size))
            by_launcher = 1;
}

int md_launched(void)
{
    return by_launcher;
}

int64_t md_launched_rank(void)
{
    for (int i = 0; i < LAUNCHERS; i++) {
        const int64_t rank = number(launchers[i].rank, -1);
        if (rank >= 0)
            return rank;
    }
    return number("SLURM_PROCID", 0);
}

const char *md_launched_pmi(void)
{
    static const char open_mpi[] = "Open MPI";
    return strncmp(md_mpi_version(), open_mpi, strlen(open_mpi)) == 0 ? "pmix" : "pmi2";
}

static md_status refuse_mpirun(const char *command, const char *variable, int64_t size,
                               md_error *err)
{
    return md_fail(err, MD_USAGE,
                   "%s: %s says that %lld processes were started together, but MPI sees one rank: "
                   "this program is built with %s and wants the mpirun of that MPI (on Debian "
                   "mpirun.openmpi or mpirun.mpich); for a run of one rank, unset %s",
                   command, variable, (long long)size, md_mpi_version(), variable);
}

static md_status refuse_srun(const char *command, int64_t tasks, md_error *err)
{
    return md_fail(err, MD_USAGE,
                   "%s: Slurm started %lld tasks but MPI sees only one rank; start it with srun "
                   "--mpi=%s, or with srun -n 1 for a single rank",
                   command, (long long)tasks, md_launched_pmi());
}

static md_status check(const char *command, md_error *err)
{
    for (int i = 0; i < LAUNCHERS; i++)
        if (number(launchers[i].size, 0) > 1)
            return refuse_mpirun(command, launchers[i].size, number(launchers[i].size, 0), err);
    const int64_t tasks = number("SLURM_STEP_NUM_TASKS", 1);
    return tasks > 1 && (by_srun || !by_launcher) ? refuse_srun(command, tasks, err) : MD_OK;
}

/* In a job, but not through srun: a command after the job's step, or a forgotten word. */
static void hint_at_srun(const char *command)
{
    const int64_t tasks = number("SLURM_NTASKS", 1);
    if (tasks > 1 && !by_launcher && !getenv("SLURM_STEP_NUM_TASKS"))
        md_warn("%s runs as one rank, though Slurm gave this job %lld tasks; srun --mpi=%s in "
                "front of it uses them all",
                command, (long long)tasks, md_launched_pmi());
}

md_status md_launched_check(const md_comm *comm, const char *command, md_error *err)
{
    if (md_comm_size(comm) > 1)
        return MD_OK;
    md_status status = check(command, err);
    if (!status)
        hint_at_srun(command);
    if (status && md_launched_rank() != 0)
        err->text[0] = '\0';
    return status;
}
