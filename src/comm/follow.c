#include "follow.h"

#include "comm_internal.h"
#include "mnist_dist/base/clock.h"

/* Short beside an epoch, whose end waits for it. Looks every 0.5 ms cost four ranks on two cores 4
 * to 8 % of one at batch 32, these nothing that shows. */
static const double nap_s = 2e-3;

size_t md_follow_bytes(const md_comm *comm)
{
    const md_follow *follow;
    return sizeof *follow + (size_t)md_comm_node_size(comm) * sizeof *follow->seen;
}

void md_follow_place(md_follow *follow, int rank, int64_t step)
{
    atomic_store_explicit(&follow->seen[rank].steps, step, memory_order_release);
}

static void nap(const md_comm *comm)
{
    md_clock_sleep(nap_s);
    md_comm_progress(comm);
}

static int64_t slowest(const md_follow *follow, const md_comm *comm)
{
    int64_t least = INT64_MAX;
    for (int r = 0; r < md_comm_node_size(comm); r++) {
        const int64_t seen = atomic_load_explicit(&follow->seen[r].steps, memory_order_acquire);
        least = seen < least ? seen : least;
    }
    return least;
}

void md_follow_make_room(const md_follow *follow, const md_comm *comm)
{
    const int64_t step = atomic_load_explicit(&follow->reduced, memory_order_relaxed);
    md_comm_tell(comm, 1);
    while (step - MD_FOLLOW_STEPS >= slowest(follow, comm))
        nap(comm);
    md_comm_tell(comm, 0);
}

void md_follow_tell(md_follow *follow, const md_totals *totals)
{
    const int64_t step = atomic_load_explicit(&follow->reduced, memory_order_relaxed);
    follow->totals[step % MD_FOLLOW_STEPS] = *totals;
    atomic_store_explicit(&follow->reduced, step + 1, memory_order_release);
}

void md_follow_publish(md_follow *follow)
{
    const int64_t step = atomic_load_explicit(&follow->reduced, memory_order_relaxed);
    atomic_store_explicit(&follow->published, step, memory_order_release);
}

int md_follow_stops(md_follow *follow)
{
    return atomic_load_explicit(&follow->stops, memory_order_relaxed)
               ? atomic_exchange(&follow->stops, 0)
               : 0;
}

/* Until `known` counts more than `steps`. */
static void wait_for(const _Atomic int64_t *known, int64_t steps, const md_comm *comm)
{
    md_comm_tell(comm, 1);
    while (atomic_load_explicit(known, memory_order_acquire) <= steps)
        nap(comm);
    md_comm_tell(comm, 0);
}

void md_follow_read(md_follow *follow, const md_comm *comm, int64_t step, md_totals *out)
{
    wait_for(&follow->reduced, step, comm);
    *out = follow->totals[step % MD_FOLLOW_STEPS];
    md_follow_place(follow, md_comm_order(comm), step + 1);
}

void md_follow_wait(const md_follow *follow, const md_comm *comm, int64_t step)
{
    wait_for(&follow->published, step, comm);
}

void md_follow_ask_to_stop(md_follow *follow)
{
    atomic_fetch_add(&follow->stops, 1);
}
