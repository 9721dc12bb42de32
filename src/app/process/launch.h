/* Starting this program again on several ranks, through the launcher that the
 * variable MPIRUN names, srun inside a Slurm job, or mpirun. Local. */
#ifndef MNIST_DIST_APP_LAUNCH_H
#define MNIST_DIST_APP_LAUNCH_H

#include <signal.h>

#include "mnist_dist/base/error.h"

typedef struct md_launch {
    int ranks;
    const char *const *arguments; /* of mnist_dist, ending with NULL */
    const char *log;       /* folder whose launch.log takes standard error; made if missing */
    const char *stop_when; /* SIGUSR1 as soon as this file exists; NULL: never */
    const volatile sig_atomic_t *stop; /* SIGTERM as soon as it is not 0 */
} md_launch;

/* How it ended. Texts are "" when there are none. */
typedef struct md_launch_end {
    int code;       /* the launcher's exit code; -1 when a signal ended it */
    char line[512]; /* the part of its last output line that starts with `wanted` */
    md_error error; /* the message of the failed run, as in its launch.log */
} md_launch_end;

/* Runs it to its end, however that is. MD_FAILED when it cannot be started, with the line to run by
 * hand. */
md_status md_launch_run(const md_launch *launch, const char *wanted, md_launch_end *end,
                        md_error *err);

/* Before MPI_Init of a process without a launcher: spares Open MPI what one rank has no use for.
 * Settings of the user's come first, and none of these reach what md_launch_run starts. */
void md_launch_alone(void);

#endif
