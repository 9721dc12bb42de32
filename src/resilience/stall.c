/* The end of a stalled job: the one moment when ranks talk outside MPI. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/whole_file.h"
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
    int wrote;   /* its own file */
    int attends; /* it noticed the stall, as its node's board tells */
    int known;   /* attends, step and phase are set, by itself or by a neighbour on its node */
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

/* One line "rank step phase attends" for each rank of this node. */
static void print_report(const void *watchdog, FILE *out)
{
    const md_watchdog *w = watchdog;
    for (int i = 0; i < w->node_size; i++) {
        md_heartbeat *heart = &w->board->hearts[i];
        fprintf(out, "%d %lld %d %d\n", heart->rank, (long long)atomic_load(&heart->step),
                (int)atomic_load(&heart->phase), (int)atomic_load(&heart->attends));
    }
}

/* DIR/stall/RANK; 1, or 0 when it cannot be written. */
static int write_report(const md_watchdog *w)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32], temporary[MD_WATCHDOG_PATH_SIZE + 32];
    name_report(w, w->rank, "", path, sizeof path);
    name_report(w, w->rank, ".tmp", temporary, sizeof temporary);
    if (mkdir(w->folder, 0777) != 0 && errno != EEXIST)
        return 0;
    return md_whole_file_replace(path, temporary, print_report, w, NULL) == MD_OK;
}

static void note(report *about, long long step, int phase, int attends)
{
    about->known = 1;
    about->attends |= attends;
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
    all[rank].wrote = 1;
    int about, phase, attends;
    long long step;
    /* NOLINTNEXTLINE(cert-err34-c): the widths keep every number in range. */
    while (fscanf(file, "%9d %18lld %9d %9d", &about, &step, &phase, &attends) == 4)
        if (about >= 0 && about < w->ranks && phase >= 0 && phase <= MD_PHASE_WAIT)
            note(&all[about], step, phase, attends);
    fclose(file);
}

static void read_reports(const md_watchdog *w, report *all)
{
    for (int i = 0; i < w->ranks; i++)
        read_report(w, i, all);
}

static void read_board(const md_watchdog *w, report *all)
{
    for (int i = 0; i < w->node_size; i++) {
        md_heartbeat *heart = &w->board->hearts[i];
        note(&all[heart->rank], atomic_load(&heart->step), atomic_load(&heart->phase),
             atomic_load(&heart->attends));
    }
}

/* Ranks that did not notice; when all did, those that are not waiting for anybody. */
static int is_missing(const report *r, int anyone_silent)
{
    return anyone_silent ? !r->attends : r->known && !is_waiting(r->phase);
}

/* Returns how many. */
static int name_missing(const md_watchdog *w, const report *all, char *text, size_t size)
{
    int silent = 0, named = 0;
    for (int i = 0; i < w->ranks; i++)
        silent += !all[i].attends;
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
            used += (size_t)snprintf(text + used, size - used, ", nothing heard from its node)");
    }
    return named;
}

/* Who speaks for all: the lowest rank that wrote and is blocked, so that its state stands still;
 * without one, the lowest that wrote. */
static int find_leader(const md_watchdog *w, const report *all)
{
    int lowest = w->rank;
    for (int i = w->ranks - 1; i >= 0; i--)
        if (all[i].wrote)
            lowest = i;
    for (int i = lowest; i < w->ranks; i++)
        if (all[i].wrote && is_waiting(all[i].phase))
            return i;
    return lowest;
}

/* A rank of another node that noticed late may find another leader; there is one all the same. */
static int take_the_lead(const md_watchdog *w)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32];
    name_file(w, "leader", path, sizeof path);
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0)
        close(file);
    return file >= 0;
}

static void tell(md_watchdog *w, const char *missing, const char *said)
{
    char message[2 * TEXT_SIZE + 256];
    snprintf(message, sizeof message,
             "stalled: nothing has moved for %.0f s (distributed.stall_timeout), missing: %s; %s",
             w->params.timeout, missing, said);
    if (atomic_exchange(&w->board->settled, 1) == 0)
        w->params.stalled(message);
}

static void lead_the_end(md_watchdog *w, report *all)
{
    char path[MD_WATCHDOG_PATH_SIZE + 32], missing[TEXT_SIZE], said[TEXT_SIZE];
    w->params.last_words(w->params.context, is_waiting(atomic_load(&w->mine->phase)), said,
                         sizeof said);
    read_reports(w, all); /* saving took a while: more may have been written */
    read_board(w, all);
    if (name_missing(w, all, missing, sizeof missing) == 0)
        snprintf(missing, sizeof missing,
                 "no rank, all answer: the stall has passed, or lies in MPI or the network");
    tell(w, missing, said);
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
        read_reports(w, all);
        if (find_leader(w, all) == w->rank && take_the_lead(w))
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

/* The lowest rank of this node that noticed. */
static int is_speaker(const md_watchdog *w)
{
    int lowest = 0;
    while (!atomic_load(&w->board->hearts[lowest].attends))
        lowest++;
    return &w->board->hearts[lowest] == w->mine;
}

/* Without an answer from the folder each node speaks for itself, of its own ranks alone; first
 * those that miss one, whose end is the end of the job. */
static void speak_for_the_node(md_watchdog *w)
{
    char missing[TEXT_SIZE], said[TEXT_SIZE];
    report *all = calloc((size_t)w->ranks, sizeof *all);
    nap(gather_s); /* neighbours notice a little later */
    if (!all || !is_speaker(w))
        return;
    for (int i = 0; i < w->ranks; i++)
        all[i].attends = 1;
    for (int i = 0; i < w->node_size; i++)
        all[w->board->hearts[i].rank].attends = 0;
    read_board(w, all);
    if (name_missing(w, all, missing, sizeof missing) == 0) {
        nap(2.0 * gather_s);
        snprintf(missing, sizeof missing, "no rank of host %s", w->who[w->rank].host);
    }
    const int used =
        snprintf(said, sizeof said, "the ranks could not talk through the output folder; ");
    w->params.last_words(w->params.context, 0, said + used, sizeof said - (size_t)used);
    tell(w, missing, said);
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
    name_file(w, "leader", path, sizeof path);
    unlink(path);
    rmdir(w->folder);
}
