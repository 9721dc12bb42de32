/* Asking a run to stop: a flag that a signal handler may set, and a deadline. Each rank puts what
 * it knows into the step's reduction, so all stop after the same step. */
#ifndef MNIST_DIST_TRAIN_STOP_H
#define MNIST_DIST_TRAIN_STOP_H

#include <signal.h>

typedef struct md_stop {
    volatile sig_atomic_t requested; /* the signal's number, or 0 */
    double deadline;                 /* of md_time_limit_deadline; 0: none */
} md_stop;

/* Local. 1 when this rank asks to stop. Clocks differ, so the deadline is rank 0's to judge. */
int md_stop_wanted(const md_stop *stop, int rank);

#endif
