/* What the heartbeat and the end of a stalled run share. */
#ifndef MNIST_DIST_RESILIENCE_HEARTBEAT_INTERNAL_H
#define MNIST_DIST_RESILIENCE_HEARTBEAT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "mnist_dist/comm/shared.h"
#include "mnist_dist/resilience/heartbeat.h"

enum { MD_STALL_HOST_SIZE = 64, MD_STALL_PATH_SIZE = 1200 };

/* Who a rank is; known to all from the start. */
typedef struct md_identity {
    char host[MD_STALL_HOST_SIZE];
    int32_t pid;
} md_identity;

/* Where a rank is: phase and whether it waits in one word, so that both change at once. */
enum { MD_MARK_WAITING = 1 << 8 };
typedef struct md_mark {
    _Atomic int64_t step;
    _Atomic int32_t place; /* md_phase, with MD_MARK_WAITING or without */
    _Atomic uint32_t beats;
    _Atomic int32_t noticed; /* its watchdog thread has noticed the stall */
    int32_t rank;            /* in the whole run */
    char padding[40];        /* a cache line each */
} md_mark;

/* Kept in memory shared by the node, so that neighbours can still read it of a rank that is
 * stopped. */
typedef struct md_board {
    _Atomic int32_t halted;  /* a stall was noticed: nobody goes beyond the next mark */
    _Atomic int32_t settled; /* somebody has told the user */
    _Atomic uint32_t heard;  /* how often another node was heard to move */
    char padding[52];
    md_mark marks[]; /* [node_size] */
} md_board;

struct md_heartbeat {
    md_heartbeat_params params;
    char folder[MD_STALL_PATH_SIZE]; /* DIR/stall */
    md_comm *comm;                   /* borrowed */
    int rank, ranks, node_size, nodes;
    md_identity *who; /* [ranks] */
    md_shared *shared;
    md_board *board;
    md_mark *mine;
    pthread_t thread, talking; /* the watchdog; md_nodes_talk, where there are several nodes */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int running, has_talking, stopping;
};

/* Of a thread of the heartbeat's: sleeps for so long; 1 as soon as it is to end. */
int md_heartbeat_rest(md_heartbeat *h, double seconds);

/* Changes whenever a rank of this node moves: what others wait for is then on its way. */
uint32_t md_node_beats(const md_heartbeat *h);

/* nodes.c. A thread that lets nodes know of each other's long work. */
void *md_nodes_talk(void *heartbeat);

/* How often it does: by so much may nodes differ in when they last saw a move; 0 of one node. */
double md_nodes_period(const md_heartbeat *h);

/* stall.c. In the watchdog thread: names the missing ranks, has the state saved, tells the
 * application. Returns only if on_stall does. */
void md_stall_report(md_heartbeat *h);

/* Removes the files of an earlier stall, which must not answer for this run. */
void md_stall_clean(const md_heartbeat *h);

#endif
