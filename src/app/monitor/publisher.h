/* Rank 0 of a run publishing its state as it goes (see live.h). */
#ifndef MNIST_DIST_APP_PUBLISHER_H
#define MNIST_DIST_APP_PUBLISHER_H

#include "live.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/train/observer.h"

typedef struct md_publisher {
    char folder[MD_PATH_SIZE]; /* empty: no run has begun here */
    md_live live;
    double began, due; /* on md_clock_now() */
    int failing;
} md_publisher;

/* An observer that borrows *publisher. */
md_observer md_publisher_start(md_publisher *publisher);

/* The last word: how the run ended. */
void md_publisher_stop(md_publisher *publisher, md_status how);

#endif
