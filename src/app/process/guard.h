/* A time limit for what the watchdog cannot see: starting, before there are ranks to watch, and
 * leaving. A process that is still inside after it says so and exits. Local. */
#ifndef MNIST_DIST_APP_GUARD_H
#define MNIST_DIST_APP_GUARD_H

#include "mnist_dist/base/error.h"

/* MPI_Init of a large job takes its time; nothing else is known yet. */
#define MD_GUARD_START_S 120.0

/* Nothing but a lost rank keeps MPI_Finalize so long: all have just left a collective call. */
#define MD_GUARD_END_S 30.0

/* From now on `what` ("starting") may take so many seconds; replaces the limit before. Exit code
 * MD_STALLED. 0: no limit. */
void md_guard(const char *what, double seconds);

/* Nothing is left but MPI_Finalize, which may take MD_GUARD_END_S. It waits for every rank, and an
 * MPI that loses one there may wait for ever; but all is said and saved, so that the exit code is
 * the one that was `earned`. (What mpirun makes of a rank that ends so is its own.) */
void md_guard_end(md_status earned);

#endif
