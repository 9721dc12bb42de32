/* How ranks that do not compute follow the steps of those that do: a node's first rank tells them
 * each step's totals, in memory that they share. They may be some steps behind, and look for news
 * now and then instead of being woken in each step. Steps count from the window's creation.
 * Internal to comm. */
#ifndef MNIST_DIST_COMM_FOLLOW_H
#define MNIST_DIST_COMM_FOLLOW_H

#include <stdatomic.h>

#include "reducer_internal.h"

typedef struct md_totals {
    _Alignas(MD_ALIGNMENT) int64_t sums[MD_MOST_SUMS];
    md_status status; /* of bringing them together */
    int suggested;    /* active ranks after the step, by rank 0 of a single node; 0: as many */
} md_totals;

enum { MD_FOLLOW_STEPS = 128 }; /* that a rank may be behind */

/* In shared memory, zeroed, of md_follow_bytes. */
typedef struct md_follow {
    _Alignas(MD_ALIGNMENT) _Atomic int64_t reduced; /* steps whose totals are known, */
    _Atomic int64_t published;                      /* and that are finished */
    _Atomic int stops;                              /* asked for by ranks that follow */
    _Atomic int active;                             /* ranks that compute */
    md_totals totals[MD_FOLLOW_STEPS];              /* of step s in s % MD_FOLLOW_STEPS */
    struct {
        _Alignas(MD_ALIGNMENT) _Atomic int64_t steps;
    } seen[]; /* [node ranks], in md_comm_order: steps that each has read; INT64_MAX: it computes */
} md_follow;

size_t md_follow_bytes(const md_comm *comm);
/* The rank with this md_comm_order follows from `step` on, or computes, with INT64_MAX. Who starts
 * to compute says so itself, before the others can go on without it; of who ends, the first rank
 * says it, before it tells more totals than are kept. */
void md_follow_place(md_follow *follow, int rank, int64_t step);

/* The node's first rank waits until no rank is too far behind to be told another step's totals;
 * tells them; then that the step is finished; and how many stops were asked for since the last
 * call. It waits before the ranks meet in the step: behind that the others step their slices, and
 * if it waited in vain there would be no one step to rescue. */
void md_follow_make_room(const md_follow *follow, const md_comm *comm);
void md_follow_tell(md_follow *follow, const md_totals *totals);
void md_follow_publish(md_follow *follow);
int md_follow_stops(md_follow *follow);

/* A rank that follows waits for a step's totals, one step after another, or for the end of that
 * step; or asks for a stop after one of the steps to come. */
void md_follow_read(md_follow *follow, const md_comm *comm, int64_t step, md_totals *out);
void md_follow_wait(const md_follow *follow, const md_comm *comm, int64_t step);
void md_follow_ask_to_stop(md_follow *follow);

#endif
