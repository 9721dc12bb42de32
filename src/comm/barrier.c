#include "barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mnist_dist/base/clock.h"

enum {
    /* About 20 us. A sleep and the waking from it cost 5 to 10 us, a step's uneven parts less. */
    SPINS = 2000,
    /* Ranks that share a core hand it on: four on two cores take half the time of sleepers. */
    YIELDS = 10,
    /* But beside other programs each yield gives these a whole turn, and a sleeper is woken before
       it. */
    REST = 256
};
static const double long_yield_s = 1e-3;

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a futex must be lock-free to work between processes");

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* While *word is `value`. Wakes up for signals and for nothing, too. */
static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static int opened(const md_barrier *b, uint32_t round)
{
    return atomic_load_explicit(&b->round, memory_order_acquire) != round;
}

/* 1 once the round is opened, 0 when it is time to sleep. */
static int spin(const md_barrier *b, uint32_t round)
{
    for (int i = 0; i < SPINS && !opened(b, round); i++)
        relax();
    return opened(b, round);
}

static int yield(const md_barrier *b, uint32_t round, md_patience *patience)
{
    if (patience->resting > 0) {
        patience->resting--;
        return 0;
    }
    for (int i = 0; i < YIELDS && !opened(b, round) && !patience->resting; i++) {
        const double before = md_clock_now();
        sched_yield();
        if (md_clock_now() - before > long_yield_s)
            patience->resting = REST;
    }
    return opened(b, round);
}

static void wait_for_round(md_barrier *b, uint32_t round, md_patience *patience)
{
    if (patience->own_core ? spin(b, round) : yield(b, round, patience))
        return;
    atomic_fetch_add(&b->sleepers, 1);
    while (atomic_load(&b->round) == round)
        sleep_while(&b->round, round);
    atomic_fetch_sub(&b->sleepers, 1);
}

/* The last one opens the next round: either it sees a sleeper, or the sleeper sees the new round.
 */
static void open_round(md_barrier *b)
{
    atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
    atomic_fetch_add(&b->round, 1);
    if (atomic_load(&b->sleepers) > 0)
        syscall(SYS_futex, &b->round, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void md_barrier_wait(md_barrier *barrier, const md_comm *comm, md_patience *patience)
{
    const uint32_t ranks = (uint32_t)md_comm_node_size(comm);
    const uint32_t round = atomic_load_explicit(&barrier->round, memory_order_acquire);
    md_comm_tell(comm, 1);
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 == ranks)
        open_round(barrier);
    else
        wait_for_round(barrier, round, patience);
    md_comm_tell(comm, 0);
}

md_status md_patience_create(const md_comm *comm, md_patience *out, md_error *err)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    const int known = sched_getaffinity(0, sizeof cores, &cores) == 0;
    md_status status = MD_COLLECTIVE(comm,
                                     MPI_Allreduce(MPI_IN_PLACE, &cores, sizeof cores, MPI_BYTE,
                                                   MPI_BOR, md_comm_node_comm(comm)),
                                     err);
    *out = (md_patience){.own_core = known && CPU_COUNT(&cores) >= md_comm_node_size(comm)};
    return status;
}
