/* A time limit for what the watchdog cannot see: starting, before there are ranks to watch, and
 * leaving. A process that is still inside after it says so and exits with MD_STALLED. Local. */
#ifndef MNIST_DIST_APP_GUARD_H
#define MNIST_DIST_APP_GUARD_H

/* MPI_Init of a large job takes its time; nothing else is known yet. */
#define MD_GUARD_START_S 120.0

/* From now on `what` ("starting") may take so many seconds; replaces the limit before. 0: no limit.
 */
void md_guard(const char *what, double seconds);

#endif
