#include "mnist_dist/resilience/heartbeat.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat_internal.h"
#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/comm/agree.h"

/* Once a stall was noticed on this node the main thread goes no further. */
static void rest_if_halted(const md_heartbeat *h)
{
    while (atomic_load(&h->board->halted))
        pause();
}

/* base's hook: of the main thread, and of those that read for it. */
static void beat(void *context)
{
    const md_heartbeat *h = context;
    atomic_fetch_add_explicit(&h->mine->beats, 1, memory_order_relaxed);
}

/* The place is stored before `halted` is read again, and md_stall_report sets `halted` before it
 * reads the place, all in one order (memory_order_seq_cst): a main thread that was seen waiting
 * finds itself halted before it touches the state. One that was halted first leaves its place as it
 * was. */
static void move_to(md_heartbeat *h, int32_t place, int64_t step)
{
    rest_if_halted(h);
    md_mark *mine = h->mine;
    beat(h);
    atomic_store_explicit(&mine->step, step, memory_order_relaxed);
    atomic_store(&mine->place, place);
    rest_if_halted(h);
}

void md_heartbeat_mark(md_heartbeat *heartbeat, md_phase phase, int64_t step)
{
    if (heartbeat->running)
        move_to(heartbeat, (int32_t)phase, step);
}

/* comm's wait hook. */
static void note_wait(void *context, int waiting)
{
    md_heartbeat *h = context;
    const int32_t place = atomic_load_explicit(&h->mine->place, memory_order_relaxed);
    move_to(h, waiting ? place | MD_MARK_WAITING : place & ~MD_MARK_WAITING,
            atomic_load_explicit(&h->mine->step, memory_order_relaxed));
}

uint32_t md_node_beats(const md_heartbeat *h)
{
    uint32_t beats = 0;
    for (int i = 0; i < h->node_size; i++)
        beats += atomic_load_explicit(&h->board->marks[i].beats, memory_order_relaxed);
    return beats;
}

/* Sleeps for so long or until woken. Returns the seconds that count as stillness: of a sleep that
 * took much longer, in which the whole job was suspended, no more than one awake would have. */
static double sleep_a_while(md_heartbeat *h, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double wake = (double)until.tv_nsec * 1e-9 + seconds;
    until.tv_sec += (time_t)wake;
    until.tv_nsec = (long)((wake - (double)(time_t)wake) * 1e9);
    const double start = md_clock_now();
    pthread_cond_clockwait(&h->wake, &h->mutex, CLOCK_MONOTONIC, &until);
    const double slept = md_clock_now() - start;
    return slept < 2.0 * seconds ? slept : 2.0 * seconds;
}

int md_heartbeat_rest(md_heartbeat *h, double seconds)
{
    pthread_mutex_lock(&h->mutex);
    if (!h->stopping)
        sleep_a_while(h, seconds);
    const int stopping = h->stopping;
    pthread_mutex_unlock(&h->mutex);
    return stopping;
}

static void *watch_marks(void *argument)
{
    md_heartbeat *h = argument;
    const double timeout = h->params.timeout;
    const double interval = timeout < 8.0 ? timeout / 8.0 : 1.0;
    uint32_t seen = 0;
    double still = 0.0;
    pthread_mutex_lock(&h->mutex);
    for (int stopping = h->stopping; !stopping;) {
        still += sleep_a_while(h, interval);
        stopping = h->stopping;
        const uint32_t beats = md_node_beats(h) + atomic_load(&h->board->heard);
        if (beats != seen)
            still = 0.0;
        seen = beats;
        if (atomic_load(&h->board->halted) || (!stopping && still > timeout)) {
            md_stall_report(h);
            break;
        }
    }
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

static md_status introduce(md_heartbeat *h, md_comm *comm, md_error *err)
{
    md_identity me = {.pid = (int32_t)getpid()};
    gethostname(me.host, sizeof me.host - 1);
    h->who = calloc((size_t)h->ranks, sizeof *h->who);
    md_status status =
        h->who ? MD_OK : md_fail_memory(err, "the ranks' names", (size_t)h->ranks * sizeof me);
    status = md_agree(comm, status, err);
    if (!status)
        status = md_comm_gather(comm, &me, sizeof me, h->who, err);
    if (!status)
        status = md_comm_broadcast(comm, h->who, (size_t)h->ranks * sizeof me, 0, err);
    if (!status)
        status = md_shared_create(comm, sizeof *h->board + (size_t)h->node_size * sizeof(md_mark),
                                  &h->shared, err);
    if (status)
        return status;
    h->board = md_shared_base(h->shared);
    h->mine = &h->board->marks[md_comm_node_rank(comm)];
    h->mine->rank = h->rank;
    if (h->rank == 0)
        md_stall_clean(h);
    return md_shared_fence(h->shared, err);
}

/* Signals are for the main thread: here they would cut a sleep short, or the last word. */
static void start_threads(md_heartbeat *h)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    h->running = pthread_create(&h->thread, NULL, watch_marks, h) == 0;
    h->has_talking =
        h->running && h->nodes > 1 && pthread_create(&h->talking, NULL, md_nodes_talk, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

md_status md_heartbeat_start(md_comm *comm, const md_heartbeat_params *params, md_heartbeat **out,
                             md_error *err)
{
    *out = NULL;
    md_heartbeat *h = calloc(1, sizeof *h);
    md_status status = h ? MD_OK : md_fail_memory(err, "the heartbeat", sizeof *h);
    status = md_agree(comm, status, err);
    if (status || !h) {
        free(h);
        return status;
    }
    *out = h;
    h->params = *params;
    h->comm = comm;
    h->rank = md_comm_rank(comm);
    h->ranks = md_comm_size(comm);
    h->node_size = md_comm_node_size(comm);
    h->nodes = md_comm_nodes(comm);
    snprintf(h->folder, sizeof h->folder, "%s/stall", params->folder);
    if (params->timeout <= 0.0 || !params->on_stall)
        return MD_OK;
    status = introduce(h, comm, err);
    if (!status) {
        pthread_mutex_init(&h->mutex, NULL);
        pthread_cond_init(&h->wake, NULL);
        start_threads(h);
        if (h->running) {
            md_comm_set_wait_hook(comm, note_wait, h);
            md_beat_watch((md_beating){beat, h});
        }
        if (!h->running || h->has_talking != (h->nodes > 1))
            status = md_fail(err, MD_FAILED,
                             "rank %d: no thread for the watchdog; raise the limit on processes "
                             "(ulimit -u) or set distributed.stall_timeout to 0",
                             h->rank);
    }
    status = md_agree(comm, status, err);
    if (status)
        md_heartbeat_stop(out);
    return status;
}

void md_heartbeat_stop(md_heartbeat **heartbeat)
{
    md_heartbeat *h = *heartbeat;
    if (!h)
        return;
    md_comm_set_wait_hook(h->comm, NULL, NULL);
    md_beat_watch((md_beating){0});
    if (h->running) {
        rest_if_halted(h); /* a thread that hangs in the folder still needs what is freed here */
        pthread_mutex_lock(&h->mutex);
        h->stopping = 1;
        pthread_cond_broadcast(&h->wake);
        pthread_mutex_unlock(&h->mutex);
        pthread_join(h->thread, NULL);
        if (h->has_talking)
            pthread_join(h->talking, NULL);
        if (h->has_talking && h->rank == 0)
            md_stall_clean(h);
        pthread_cond_destroy(&h->wake);
        pthread_mutex_destroy(&h->mutex);
    }
    md_shared_destroy(&h->shared);
    free(h->who);
    free(h);
    *heartbeat = NULL;
}
