#include "barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* About 20 us. A sleep and the waking from it cost 5 to 10 us, a step's uneven parts less. */
enum { SPINS = 2000 };

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a futex must be lock-free to work between processes");

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* While *word is `value`, 10 ms at most. Wakes up for signals and for nothing, too. */
static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
    static const struct timespec longest = {.tv_nsec = 10000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &longest, NULL, 0);
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

static void wait_for_round(md_barrier *b, uint32_t round, const md_comm *comm)
{
    if (!md_comm_is_crowded(comm) && spin(b, round))
        return;
    atomic_fetch_add(&b->sleepers, 1);
    sleep_while(&b->round, round);
    while (atomic_load(&b->round) == round) {
        md_comm_progress(comm);
        sleep_while(&b->round, round);
    }
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

void md_barrier_wait(md_barrier *barrier, const md_comm *comm, int ranks)
{
    const uint32_t round = atomic_load_explicit(&barrier->round, memory_order_acquire);
    md_comm_tell(comm, 1);
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 == (uint32_t)ranks)
        open_round(barrier);
    else
        wait_for_round(barrier, round, comm);
    md_comm_tell(comm, 0);
}
