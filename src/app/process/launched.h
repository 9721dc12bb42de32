/* What mpirun, mpiexec or srun told this process about itself, which MPI may not know yet, or not
 * understand. Local. */
#ifndef MNIST_DIST_APP_LAUNCHED_H
#define MNIST_DIST_APP_LAUNCHED_H

#include <stdint.h>

#include "mnist_dist/comm/comm.h"

/* Before MPI_Init, which sets some of the variables itself. */
void md_launched_look(void);

/* Was this process started by an mpirun, mpiexec or srun --mpi, of whatever MPI? */
int md_launched(void);

/* Its number among the processes started together; 0 without a launcher. */
int64_t md_launched_rank(void);

/* What srun --mpi is to be given, so that the ranks of this program's MPI find each other. */
const char *md_launched_pmi(void);

/* Under the launcher of another MPI every process believes to be alone, and all would train the
 * whole model into the same folder. MD_USAGE when there is one rank but the launcher started more;
 * told by the first of them, empty on the others. One rank inside a larger Slurm job is welcome; a
 * command there that nothing has launched is told of srun. */
md_status md_launched_check(const md_comm *comm, const char *command, md_error *err);

#endif
