#include "mnist_dist/train/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/shared.h"
#include "mnist_dist/util/clock.h"

enum { HOST_SIZE = 64, PATH_SIZE = 1200, TEXT_SIZE = 2048 };

static const double gather_s = 2.0;  /* how long ranks wait for each other's files */
static const double rescue_s = 60.0; /* how long they wait for the rescue to be written */

static const char *const phase_names[] = {"starting", "computing",          "waiting to reduce",
                                          "stepping", "waiting to publish", "validating",
                                          "saving",   "waiting for rank 0"};

/* Who a rank is; known to all from the start. */
typedef struct identity {
    char host[HOST_SIZE];
    int32_t pid;
} identity;

/* Where a rank is: kept in memory shared by its node, so that its neighbours can still read it when
 * it is stopped. */
typedef struct heartbeat {
    _Atomic int64_t step;
    _Atomic int32_t phase;
    _Atomic uint32_t beats;
    int32_t rank;     /* in the whole run */
    char padding[40]; /* a cache line each */
} heartbeat;

struct md_watchdog {
    md_watchdog_params params;
    char folder[PATH_SIZE];
    int rank, ranks, node_rank, node_size;
    identity *who;    /* [ranks] */
    md_shared *board; /* heartbeat[node_size] */
    heartbeat *mine;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int running, stopping;
};

static int is_waiting(int phase)
{
    return phase != MD_PHASE_COMPUTE && phase != MD_PHASE_STEP && phase != MD_PHASE_SAVE;
}

void md_watchdog_mark(md_watchdog *watchdog, md_phase phase, int64_t step)
{
    if (!watchdog->running)
        return;
    heartbeat *mine = watchdog->mine;
    atomic_store_explicit(&mine->step, step, memory_order_relaxed);
    atomic_store_explicit(&mine->phase, (int32_t)phase, memory_order_relaxed);
    uint32_t beats = atomic_load_explicit(&mine->beats, memory_order_relaxed);
    /* Released last: whoever sees the beat sees what the main thread did before it. */
    atomic_store_explicit(&mine->beats, beats + 1, memory_order_release);
}

/* What the ranks that still answer know of everybody. */
typedef struct report {
    int answered; /* wrote its own file */
    int known;    /* step and phase below are set, by itself or by a neighbour on its node */
    long long step;
    int phase;
} report;

static void nap(double seconds)
{
    const struct timespec span = {.tv_sec = (time_t)seconds,
                                  .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&span, NULL);
}

/* DIR/stall/RANK: one line "rank step phase" for each rank of this node. */
static int write_report(const md_watchdog *w)
{
    char path[PATH_SIZE + 32], temporary[PATH_SIZE + 40];
    snprintf(path, sizeof path, "%s/%d", w->folder, w->rank);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (mkdir(w->folder, 0777) != 0 && errno != EEXIST)
        return 0;
    FILE *file = fopen(temporary, "w");
    if (!file)
        return 0;
    const heartbeat *board = md_shared_base(w->board);
    for (int i = 0; i < w->node_size; i++)
        fprintf(file, "%d %lld %d\n", board[i].rank, (long long)atomic_load(&board[i].step),
                (int)atomic_load(&board[i].phase));
    return fclose(file) == 0 && rename(temporary, path) == 0;
}

static void read_report(const md_watchdog *w, int rank, report *all)
{
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/%d", w->folder, rank);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    all[rank].answered = 1;
    int about, phase;
    long long step;
    /* NOLINTNEXTLINE(cert-err34-c): the widths keep every number in range. */
    while (fscanf(file, "%9d %18lld %9d", &about, &step, &phase) == 3)
        if (about >= 0 && about < w->ranks && phase >= 0 && phase <= MD_PHASE_WAIT) {
            all[about].known = 1;
            all[about].step = step;
            all[about].phase = phase;
        }
    fclose(file);
}

/* Ranks that did not answer; when all did, those that are not waiting for anybody. */
static int is_missing(const report *r, int anyone_silent)
{
    return anyone_silent ? !r->answered : r->known && !is_waiting(r->phase);
}

static void name_missing(const md_watchdog *w, const report *all, char *text, size_t size)
{
    int silent = 0, named = 0;
    for (int i = 0; i < w->ranks; i++)
        silent += !all[i].answered;
    size_t used = 0;
    for (int i = 0; i < w->ranks && used < size; i++) {
        if (!is_missing(&all[i], silent))
            continue;
        used += (size_t)snprintf(text + used, size - used, "%srank %d (host %s, pid %d",
                                 named++ ? "; " : "", i, w->who[i].host, (int)w->who[i].pid);
        if (used < size && all[i].known)
            used +=
                (size_t)snprintf(text + used, size - used, ", %lld steps finished, last seen %s)",
                                 all[i].step, phase_names[all[i].phase]);
        else if (used < size)
            used += (size_t)snprintf(text + used, size - used, ", whole node silent)");
    }
    if (!named)
        snprintf(text, size, "no rank is missing, so MPI or the network has stalled");
}

/* Who speaks for all: the lowest rank that answered and is blocked, so that its state stands still;
 * without one, the lowest that answered. */
static int find_leader(const md_watchdog *w, const report *all)
{
    int lowest = w->rank;
    for (int i = w->ranks - 1; i >= 0; i--)
        if (all[i].answered)
            lowest = i;
    for (int i = lowest; i < w->ranks; i++)
        if (all[i].answered && is_waiting(all[i].phase))
            return i;
    return lowest;
}

static void done_path(const md_watchdog *w, char *path, size_t size)
{
    snprintf(path, size, "%s/done", w->folder);
}

static void lead_the_end(md_watchdog *w, const report *all)
{
    char missing[TEXT_SIZE], message[2 * TEXT_SIZE + 256], path[PATH_SIZE + 32];
    char said[TEXT_SIZE] = "the last checkpoint stands, go on with --resume";
    name_missing(w, all, missing, sizeof missing);
    if (is_waiting(all[w->rank].phase))
        w->params.rescue(w->params.context, said, sizeof said);
    snprintf(message, sizeof message,
             "stalled: nothing has moved for %.0f s (distributed.stall_timeout), missing: %s; %s",
             w->params.timeout, missing, said);
    w->params.stalled(message);
    done_path(w, path, sizeof path);
    FILE *file = fopen(path, "w");
    if (file)
        fclose(file);
}

static void wait_for_the_end(const md_watchdog *w)
{
    char path[PATH_SIZE + 32];
    done_path(w, path, sizeof path);
    const double start = md_clock_now();
    while (access(path, F_OK) != 0 && md_clock_now() - start < rescue_s)
        nap(0.05);
}

/* The one moment when ranks talk outside MPI. Ends the process. */
static void declare_stall(md_watchdog *w)
{
    report *all = calloc((size_t)w->ranks, sizeof *all);
    if (!all || !write_report(w)) {
        w->params.stalled(
            "stalled: a rank has stopped taking part, and the output folder cannot be "
            "written to find out which; the last checkpoint stands");
        _exit(MD_STALLED);
    }
    nap(gather_s);
    for (int i = 0; i < w->ranks; i++)
        read_report(w, i, all);
    if (find_leader(w, all) == w->rank)
        lead_the_end(w, all);
    else
        wait_for_the_end(w);
    _exit(MD_STALLED);
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
    while (!w->stopping) {
        still += sleep_a_while(w, interval);
        const uint32_t beats = atomic_load_explicit(&w->mine->beats, memory_order_acquire);
        if (beats != seen)
            still = 0.0;
        seen = beats;
        if (!w->stopping && still > timeout)
            declare_stall(w);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* Leftovers of a stalled run must not answer for this one. */
static void remove_old_reports(const md_watchdog *w)
{
    char path[PATH_SIZE + 32];
    for (int i = 0; i < w->ranks; i++) {
        snprintf(path, sizeof path, "%s/%d", w->folder, i);
        unlink(path);
    }
    done_path(w, path, sizeof path);
    unlink(path);
    rmdir(w->folder);
}

static md_status introduce(md_watchdog *w, md_comm *comm, md_error *err)
{
    identity me = {.pid = (int32_t)getpid()};
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
        status = md_shared_create(comm, (size_t)w->node_size * sizeof(heartbeat), &w->board, err);
    if (status)
        return status;
    w->mine = (heartbeat *)md_shared_base(w->board) + md_comm_node_rank(comm);
    w->mine->rank = w->rank;
    if (w->rank == 0)
        remove_old_reports(w);
    return md_shared_fence(w->board, err);
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
        w->running = pthread_create(&w->thread, NULL, look_on, w) == 0;
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
    md_shared_destroy(&w->board);
    free(w->who);
    free(w);
    *watchdog = NULL;
}
