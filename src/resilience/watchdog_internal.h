/* What the watchdog and the end it makes share. */
#ifndef MNIST_DIST_RESILIENCE_WATCHDOG_INTERNAL_H
#define MNIST_DIST_RESILIENCE_WATCHDOG_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "mnist_dist/comm/shared.h"
#include "mnist_dist/resilience/watchdog.h"

enum { MD_WATCHDOG_HOST_SIZE = 64, MD_WATCHDOG_PATH_SIZE = 1200 };

/* Who a rank is; known to all from the start. */
typedef struct md_identity {
    char host[MD_WATCHDOG_HOST_SIZE];
    int32_t pid;
} md_identity;

/* Where a rank is. */
typedef struct md_heartbeat {
    _Atomic int64_t step;
    _Atomic int32_t phase;
    _Atomic uint32_t beats;
    _Atomic int32_t attends; /* its watchdog has noticed the stall */
    int32_t rank;            /* in the whole run */
    char padding[40];        /* a cache line each */
} md_heartbeat;

/* Kept in memory shared by the node, so that neighbours can still read it of a rank that is
 * stopped. */
typedef struct md_board {
    _Atomic int32_t halted;  /* a stall was noticed: nobody goes beyond the next mark */
    _Atomic int32_t settled; /* somebody has told the user */
    char padding[56];
    md_heartbeat hearts[]; /* [node_size] */
} md_board;

struct md_watchdog {
    md_watchdog_params params;
    char folder[MD_WATCHDOG_PATH_SIZE]; /* DIR/stall */
    int rank, ranks, node_size;
    md_identity *who; /* [ranks] */
    md_shared *shared;
    md_board *board;
    md_heartbeat *mine;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int running, stopping;
};

/* stall.c. Names the missing ranks, has the state saved, tells the user, ends the process. */
_Noreturn void md_stall_end(md_watchdog *watchdog);

/* Removes the files of an earlier stall, which must not answer for this run. */
void md_stall_clean(const md_watchdog *watchdog);

#endif
