#include "mnist_dist/resilience/watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/comm/agree.h"
#include "watchdog_internal.h"

/* Once a stall was noticed on this node the main thread goes no further: until the process ends. */
static void rest_if_halted(const md_watchdog *w)
{
    while (atomic_load(&w->board->halted))
        pause();
}

/* The phase is stored before `halted` is read again, and md_stall_end sets `halted` before it reads
 * the phase, all in one order (memory_order_seq_cst): a main thread that was seen waiting finds
 * itself halted before it touches the state. One that was halted first leaves its phase as it was.
 */
void md_watchdog_mark(md_watchdog *watchdog, md_phase phase, int64_t step)
{
    if (!watchdog || !watchdog->running)
        return;
    rest_if_halted(watchdog);
    md_heartbeat *mine = watchdog->mine;
    const uint32_t beats = atomic_load_explicit(&mine->beats, memory_order_relaxed);
    atomic_store_explicit(&mine->beats, beats + 1, memory_order_relaxed);
    atomic_store_explicit(&mine->step, step, memory_order_relaxed);
    atomic_store(&mine->phase, (int32_t)phase);
    rest_if_halted(watchdog);
}

/* Sleeps for so long or until woken. Returns the seconds that count as stillness: of a sleep that
 * took much longer, in which the whole job was suspended, no more than one awake would have. */
static double sleep_a_while(md_watchdog *w, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double wake = (double)until.tv_nsec * 1e-9 + seconds;
    until.tv_sec += (time_t)wake;
    until.tv_nsec = (long)((wake - (double)(time_t)wake) * 1e9);
    const double start = md_clock_now();
    pthread_cond_clockwait(&w->wake, &w->mutex, CLOCK_MONOTONIC, &until);
    const double slept = md_clock_now() - start;
    return slept < 2.0 * seconds ? slept : 2.0 * seconds;
}

static void *look_on(void *argument)
{
    md_watchdog *w = argument;
    const double timeout = w->params.timeout;
    const double interval = timeout < 8.0 ? timeout / 8.0 : 1.0;
    uint32_t seen = 0;
    double still = 0.0;
    pthread_mutex_lock(&w->mutex);
    for (int stopping = w->stopping; !stopping;) {
        still += sleep_a_while(w, interval);
        stopping = w->stopping;
        const uint32_t beats = atomic_load_explicit(&w->mine->beats, memory_order_relaxed);
        if (beats != seen)
            still = 0.0;
        seen = beats;
        if (atomic_load(&w->board->halted) || (!stopping && still > timeout))
            md_stall_end(w);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static md_status introduce(md_watchdog *w, md_comm *comm, md_error *err)
{
    md_identity me = {.pid = (int32_t)getpid()};
    gethostname(me.host, sizeof me.host - 1);
    w->who = calloc((size_t)w->ranks, sizeof *w->who);
    md_status status =
        w->who ? MD_OK : md_fail_memory(err, "the ranks' names", (size_t)w->ranks * sizeof me);
    status = md_agree(comm, status, err);
    if (!status)
        status = md_comm_gather(comm, &me, sizeof me, w->who, err);
    if (!status)
        status = md_comm_broadcast(comm, w->who, (size_t)w->ranks * sizeof me, 0, err);
    if (!status)
        status = md_shared_create(
            comm, sizeof *w->board + (size_t)w->node_size * sizeof(md_heartbeat), &w->shared, err);
    if (status)
        return status;
    w->board = md_shared_base(w->shared);
    w->mine = &w->board->hearts[md_comm_node_rank(comm)];
    w->mine->rank = w->rank;
    if (w->rank == 0)
        md_stall_clean(w);
    return md_shared_fence(w->shared, err);
}

/* Signals are for the main thread: here they would cut a sleep short, or the last word. */
static int start_thread(md_watchdog *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int started = pthread_create(&w->thread, NULL, look_on, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

md_status md_watchdog_start(md_comm *comm, const md_watchdog_params *params, md_watchdog **out,
                            md_error *err)
{
    *out = NULL;
    md_watchdog *w = calloc(1, sizeof *w);
    md_status status = w ? MD_OK : md_fail_memory(err, "the watchdog", sizeof *w);
    status = md_agree(comm, status, err);
    if (status || !w) {
        free(w);
        return status;
    }
    *out = w;
    w->params = *params;
    w->rank = md_comm_rank(comm);
    w->ranks = md_comm_size(comm);
    w->node_size = md_comm_node_size(comm);
    snprintf(w->folder, sizeof w->folder, "%s/stall", params->folder);
    if (params->timeout <= 0.0)
        return MD_OK;
    status = introduce(w, comm, err);
    if (!status) {
        pthread_mutex_init(&w->mutex, NULL);
        pthread_cond_init(&w->wake, NULL);
        w->running = start_thread(w);
        if (!w->running)
            status = md_fail(err, MD_FAILED,
                             "rank %d: no thread for the watchdog; raise the limit on processes "
                             "(ulimit -u) or set distributed.stall_timeout to 0",
                             w->rank);
    }
    status = md_agree(comm, status, err);
    if (status)
        md_watchdog_stop(out);
    return status;
}

void md_watchdog_stop(md_watchdog **watchdog)
{
    md_watchdog *w = *watchdog;
    if (!w)
        return;
    if (w->running) {
        pthread_mutex_lock(&w->mutex);
        w->stopping = 1;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->mutex);
        pthread_join(w->thread, NULL);
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->mutex);
    }
    md_shared_destroy(&w->shared);
    free(w->who);
    free(w);
    *watchdog = NULL;
}
