/* The end of a stalled job: the one moment when ranks talk outside MPI. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mnist_dist/util/clock.h"
#include "watchdog_internal.h"

enum { TEXT_SIZE = 2048 };

static const double gather_s = 2.0;         /* how long ranks wait for each other's files */
static const double shortest_rescue_s = 10; /* a rescue may take as long as a stall, or this */
static const double farewell_s = 1.0;       /* for the speaker to be heard before others exit */

static const char *const phase_names[] = {
    "starting", "reading the data",       "computing",  "waiting to reduce",
    "stepping", "waiting to publish",     "validating", "recording the epoch",
    "saving",   "waiting for other ranks"};

static int is_waiting(int phase)
{
    return phase == MD_PHASE_START || phase == MD_PHASE_REDUCE || phase == MD_PHASE_PUBLISH ||
           phase == MD_PHASE_WAIT;
}

/* What is known of a rank. */
typedef struct report {
    int answered; /* it noticed the stall itself */
    int known;    /* step and phase below are set, by itself or by a neighbour on its node */
    long long step;
    int phase;
} report;

static void nap(double seconds)
{
    struct timespec span = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&span, &span) != 0 && errno == EINTR)
        continue;
}

static void name_file(const md_watchdog *w, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", w->folder, name);
}

static void name_report(const md_watchdog *w, int rank, const char *suffix, char *path, size_t size)
{
    snprintf(path, size, "%s/%d%s", w->folder, rank, suffix);
}

/* DIR/stall/RANK: one line "rank step phase" for each rank of this node. */
static int write_report(const md_watchdog *w)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32], temporary[MD_WATCHDOG_PATH_SIZE + 32];
    name_report(w, w->rank, "", path, sizeof path);
    name_report(w, w->rank, ".tmp", temporary, sizeof temporary);
    if (mkdir(w->folder, 0777) != 0 && errno != EEXIST)
        return 0;
    FILE *file = fopen(temporary, "w");
    if (!file)
        return 0;
    for (int i = 0; i < w->node_size; i++) {
        md_heartbeat *heart = &w->board->hearts[i];
        fprintf(file, "%d %lld %d\n", heart->rank, (long long)atomic_load(&heart->step),
                (int)atomic_load(&heart->phase));
    }
    return fclose(file) == 0 && rename(temporary, path) == 0;
}

static void note(report *about, long long step, int phase)
{
    about->known = 1;
    about->step = step;
    about->phase = phase;
}

static void read_report(const md_watchdog *w, int rank, report *all)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32];
    name_report(w, rank, "", path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    all[rank].answered = 1;
    int about, phase;
    long long step;
    /* NOLINTNEXTLINE(cert-err34-c): the widths keep every number in range. */
    while (fscanf(file, "%9d %18lld %9d", &about, &step, &phase) == 3)
        if (about >= 0 && about < w->ranks && phase >= 0 && phase <= MD_PHASE_WAIT)
            note(&all[about], step, phase);
    fclose(file);
}

/* The board knows this node only; of other nodes nothing bad is assumed. */
static void read_board(const md_watchdog *w, report *all)
{
    for (int i = 0; i < w->ranks; i++)
        all[i] = (report){.answered = 1};
    for (int i = 0; i < w->node_size; i++) {
        md_heartbeat *heart = &w->board->hearts[i];
        note(&all[heart->rank], atomic_load(&heart->step), atomic_load(&heart->phase));
        all[heart->rank].answered = atomic_load(&heart->attends);
    }
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
        snprintf(text, size, "no rank, so MPI or the network has stalled");
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

static void speak(md_watchdog *w, const report *all, const char *remark, int may_save)
{
    char missing[TEXT_SIZE], message[2 * TEXT_SIZE + 256], said[TEXT_SIZE];
    name_missing(w, all, missing, sizeof missing);
    w->params.last_words(w->params.context, may_save, said, sizeof said);
    snprintf(message, sizeof message,
             "stalled: nothing has moved for %.0f s (distributed.stall_timeout), missing: %s; %s%s",
             w->params.timeout, missing, remark, said);
    if (atomic_exchange(&w->board->settled, 1) == 0)
        w->params.stalled(message);
}

static void lead_the_end(md_watchdog *w, const report *all)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32];
    speak(w, all, "", is_waiting(atomic_load(&w->mine->phase)));
    name_file(w, "done", path, sizeof path);
    FILE *file = fopen(path, "w");
    if (file)
        fclose(file);
}

/* On another node the leader can only be heard through the folder. */
static void wait_for_the_leader(md_watchdog *w)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32];
    name_file(w, "done", path, sizeof path);
    while (!atomic_load(&w->board->settled) && access(path, F_OK) != 0)
        nap(0.05);
    atomic_store(&w->board->settled, 1);
}

/* Everything that needs the output folder, which may be what hangs. */
static void *talk(void *argument)
{
    md_watchdog *w = argument;
    report *all = calloc((size_t)w->ranks, sizeof *all);
    if (all && write_report(w)) {
        nap(gather_s);
        for (int i = 0; i < w->ranks; i++)
            read_report(w, i, all);
        if (find_leader(w, all) == w->rank)
            lead_the_end(w, all);
        else
            wait_for_the_leader(w);
    }
    free(all);
    return NULL;
}

/* Waits for the talk, but not for ever. */
static void talk_for_a_while(md_watchdog *w)
{
    const double rescue_s =
        w->params.timeout > shortest_rescue_s ? w->params.timeout : shortest_rescue_s;
    struct timespec until;
    pthread_t talker;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(gather_s + rescue_s);
    if (pthread_create(&talker, NULL, talk, w) == 0)
        pthread_clockjoin_np(talker, NULL, CLOCK_MONOTONIC, &until);
}

/* Without the folder each node speaks for itself, through its lowest rank that noticed. */
static void speak_for_the_node(md_watchdog *w)
{
    nap(gather_s); /* neighbours notice a little later */
    report *all = calloc((size_t)w->ranks, sizeof *all);
    for (int i = 0; i < w->node_size; i++)
        if (atomic_load(&w->board->hearts[i].attends)) {
            if (all && &w->board->hearts[i] == w->mine) {
                read_board(w, all);
                speak(w, all, "the output folder cannot be used; ", 0);
            }
            return;
        }
}

void md_stall_end(md_watchdog *w)
{
    atomic_store(&w->board->halted, 1);
    atomic_store(&w->mine->attends, 1);
    talk_for_a_while(w);
    if (!atomic_load(&w->board->settled))
        speak_for_the_node(w);
    nap(farewell_s);
    _exit(MD_STALLED);
}

void md_stall_clean(const md_watchdog *w)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32];
    for (int i = 0; i < w->ranks; i++) {
        name_report(w, i, "", path, sizeof path);
        unlink(path);
        name_report(w, i, ".tmp", path, sizeof path);
        unlink(path);
    }
    name_file(w, "done", path, sizeof path);
    unlink(path);
    rmdir(w->folder);
}
