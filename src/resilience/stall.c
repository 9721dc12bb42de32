/* The end of a stalled job: the one moment when ranks talk outside MPI. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat_internal.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/whole_file.h"

enum { TEXT_SIZE = MD_ERROR_TEXT + 1024 };

static const double gather_s = 2.0;         /* how long ranks wait for each other's files */
static const double shortest_rescue_s = 10; /* a rescue may take as long as a stall, or this */
static const double leave_after_s = 1.0;    /* for the message to be heard before others exit */

/* By phase: what a rank does, and what its waiting is for. */
static const char others[] = "waiting for other ranks";
static const char *const place_names[][2] = {
    [MD_PHASE_START] = {"starting", "starting"},
    [MD_PHASE_LOAD] = {"reading the data", others},
    [MD_PHASE_COMPUTE] = {"computing", "waiting to reduce"},
    [MD_PHASE_STEP] = {"stepping", "waiting to publish"},
    [MD_PHASE_VALIDATE] = {"validating", others},
    [MD_PHASE_RECORD] = {"recording the epoch", others},
    [MD_PHASE_SAVE] = {"saving", others}};

static int is_waiting(int place)
{
    return (place & MD_MARK_WAITING) != 0;
}

static const char *name_place(int place)
{
    return place_names[place & ~MD_MARK_WAITING][is_waiting(place)];
}

static int is_place(int number)
{
    const int phase = number & ~MD_MARK_WAITING;
    return phase >= 0 && phase <= MD_PHASE_SAVE;
}

/* What is known of a rank. */
typedef struct report {
    int wrote;   /* its own file */
    int noticed; /* the stall, as its node's board tells */
    int known;   /* noticed, step and place are set, by itself or by a neighbour on its node */
    long long step;
    int place;
} report;

static void name_file(const md_heartbeat *h, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", h->folder, name);
}

static void name_report(const md_heartbeat *h, int rank, const char *suffix, char *path,
                        size_t size)
{
    snprintf(path, size, "%s/%d%s", h->folder, rank, suffix);
}

/* One line "rank step place noticed" for each rank of this node. */
static void print_report(const void *heartbeat, FILE *out)
{
    const md_heartbeat *h = heartbeat;
    for (int i = 0; i < h->node_size; i++) {
        md_mark *mark = &h->board->marks[i];
        fprintf(out, "%d %lld %d %d\n", mark->rank, (long long)atomic_load(&mark->step),
                (int)atomic_load(&mark->place), (int)atomic_load(&mark->noticed));
    }
}

/* DIR/stall/RANK; 1, or 0 when it cannot be written. */
static int write_report(const md_heartbeat *h)
{
    char path[MD_STALL_PATH_SIZE + 32], temporary[MD_STALL_PATH_SIZE + 32];
    name_report(h, h->rank, "", path, sizeof path);
    name_report(h, h->rank, ".tmp", temporary, sizeof temporary);
    if (mkdir(h->folder, 0777) != 0 && errno != EEXIST)
        return 0;
    return md_whole_file_replace(path, temporary, print_report, h, NULL) == MD_OK;
}

static void note(report *about, long long step, int place, int noticed)
{
    about->known = 1;
    about->noticed |= noticed;
    about->step = step;
    about->place = place;
}

static void read_report(const md_heartbeat *h, int rank, report *all)
{
    char path[MD_STALL_PATH_SIZE + 32];
    name_report(h, rank, "", path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    all[rank].wrote = 1;
    int about, place, noticed;
    long long step;
    /* NOLINTNEXTLINE(cert-err34-c): the widths keep every number in range. */
    while (fscanf(file, "%9d %18lld %9d %9d", &about, &step, &place, &noticed) == 4)
        if (about >= 0 && about < h->ranks && is_place(place))
            note(&all[about], step, place, noticed);
    fclose(file);
}

static void read_reports(const md_heartbeat *h, report *all)
{
    for (int i = 0; i < h->ranks; i++)
        read_report(h, i, all);
}

static void read_board(const md_heartbeat *h, report *all)
{
    for (int i = 0; i < h->node_size; i++) {
        md_mark *mark = &h->board->marks[i];
        note(&all[mark->rank], atomic_load(&mark->step), atomic_load(&mark->place),
             atomic_load(&mark->noticed));
    }
}

/* Ranks that did not notice; when all did, those that are not waiting for anybody. */
static int is_missing(const report *r, int anyone_silent)
{
    return anyone_silent ? !r->noticed : r->known && !is_waiting(r->place);
}

/* Returns how many. */
static int name_missing(const md_heartbeat *h, const report *all, char *text, size_t size)
{
    int silent = 0, named = 0;
    for (int i = 0; i < h->ranks; i++)
        silent += !all[i].noticed;
    size_t used = 0;
    for (int i = 0; i < h->ranks && used < size; i++) {
        if (!is_missing(&all[i], silent))
            continue;
        used += (size_t)snprintf(text + used, size - used, "%srank %d (host %s, pid %d",
                                 named++ ? "; " : "", i, h->who[i].host, (int)h->who[i].pid);
        if (used < size && all[i].known)
            used +=
                (size_t)snprintf(text + used, size - used, ", %lld steps finished, last seen %s)",
                                 all[i].step, name_place(all[i].place));
        else if (used < size)
            used += (size_t)snprintf(text + used, size - used, ", nothing heard from its node)");
    }
    return named;
}

/* Who reports for all: the lowest rank that wrote and is blocked, so that its state stands still;
 * without one, the lowest that wrote. */
static int elect_leader(const md_heartbeat *h, const report *all)
{
    int lowest = h->rank;
    for (int i = h->ranks - 1; i >= 0; i--)
        if (all[i].wrote)
            lowest = i;
    for (int i = lowest; i < h->ranks; i++)
        if (all[i].wrote && is_waiting(all[i].place))
            return i;
    return lowest;
}

/* A rank of another node that noticed late may find another leader; there is one all the same. */
static int claim_lead(const md_heartbeat *h)
{
    char path[MD_STALL_PATH_SIZE + 32];
    name_file(h, "leader", path, sizeof path);
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0)
        close(file);
    return file >= 0;
}

static void tell(md_heartbeat *h, const char *missing, const char *said)
{
    char message[2 * TEXT_SIZE + 256];
    snprintf(message, sizeof message,
             "stalled: nothing has moved for %.0f s (distributed.stall_timeout), missing: %s; %s",
             h->params.timeout, missing, said);
    if (atomic_exchange(&h->board->settled, 1) == 0)
        h->params.on_stall(message, h->params.context);
}

static void report_for_all(md_heartbeat *h, report *all)
{
    char path[MD_STALL_PATH_SIZE + 32], missing[TEXT_SIZE], said[TEXT_SIZE];
    h->params.rescue(h->params.context, is_waiting(atomic_load(&h->mine->place)), said,
                     sizeof said);
    read_reports(h, all); /* saving took a while: more may have been written */
    read_board(h, all);
    if (name_missing(h, all, missing, sizeof missing) == 0)
        snprintf(missing, sizeof missing,
                 "no rank, all answer: the stall has passed, or lies in MPI or the network");
    tell(h, missing, said);
    name_file(h, "done", path, sizeof path);
    FILE *file = fopen(path, "w");
    if (file)
        fclose(file);
}

/* On another node the leader can only be heard through the folder. */
static void wait_for_leader(md_heartbeat *h)
{
    char path[MD_STALL_PATH_SIZE + 32];
    name_file(h, "done", path, sizeof path);
    while (!atomic_load(&h->board->settled) && access(path, F_OK) != 0)
        md_clock_sleep(0.05);
    atomic_store(&h->board->settled, 1);
}

/* Everything that needs the output folder, which may be what hangs. */
static void *exchange(void *argument)
{
    md_heartbeat *h = argument;
    report *all = calloc((size_t)h->ranks, sizeof *all);
    if (all && write_report(h)) {
        md_clock_sleep(gather_s + md_nodes_period(h));
        read_reports(h, all);
        if (elect_leader(h, all) == h->rank && claim_lead(h))
            report_for_all(h, all);
        else
            wait_for_leader(h);
    }
    free(all);
    return NULL;
}

/* Waits for that, but not for ever. */
static void exchange_for_a_while(md_heartbeat *h)
{
    const double rescue_s =
        h->params.timeout > shortest_rescue_s ? h->params.timeout : shortest_rescue_s;
    struct timespec until;
    pthread_t thread;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(gather_s + md_nodes_period(h) + rescue_s);
    if (pthread_create(&thread, NULL, exchange, h) == 0)
        pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until);
}

/* The lowest rank of this node that noticed. */
static int is_first_to_notice(const md_heartbeat *h)
{
    int lowest = 0;
    while (!atomic_load(&h->board->marks[lowest].noticed))
        lowest++;
    return &h->board->marks[lowest] == h->mine;
}

/* Without an answer from the folder each node speaks for itself, of its own ranks alone; first
 * those that miss one, whose end is the end of the job. */
static void report_for_node(md_heartbeat *h, report *all)
{
    char missing[TEXT_SIZE], said[TEXT_SIZE];
    for (int i = 0; i < h->ranks; i++)
        all[i].noticed = 1;
    for (int i = 0; i < h->node_size; i++)
        all[h->board->marks[i].rank].noticed = 0;
    read_board(h, all);
    if (name_missing(h, all, missing, sizeof missing) == 0) {
        md_clock_sleep(2.0 * gather_s);
        snprintf(missing, sizeof missing, "no rank of host %s", h->who[h->rank].host);
    }
    const int used =
        snprintf(said, sizeof said, "the ranks could not talk through the output folder; ");
    h->params.rescue(h->params.context, 0, said + used, sizeof said - (size_t)used);
    tell(h, missing, said);
}

void md_stall_report(md_heartbeat *h)
{
    atomic_store(&h->board->halted, 1);
    atomic_store(&h->mine->noticed, 1);
    exchange_for_a_while(h);
    if (!atomic_load(&h->board->settled)) {
        report *all = calloc((size_t)h->ranks, sizeof *all);
        md_clock_sleep(gather_s); /* neighbours notice a little later */
        if (all && is_first_to_notice(h))
            report_for_node(h, all);
        free(all);
    }
    md_clock_sleep(leave_after_s);
    h->params.on_stall(NULL, h->params.context);
}

void md_stall_clean(const md_heartbeat *h)
{
    char path[MD_STALL_PATH_SIZE + 32];
    /* As a rule there is nothing, and two calls a rank are many on a shared file system. */
    if (rmdir(h->folder) == 0 || errno == ENOENT)
        return;
    for (int i = 0; i < h->ranks; i++) {
        name_report(h, i, "", path, sizeof path);
        unlink(path);
        name_report(h, i, ".tmp", path, sizeof path);
        unlink(path);
    }
    name_file(h, "done", path, sizeof path);
    unlink(path);
    name_file(h, "leader", path, sizeof path);
    unlink(path);
    name_file(h, "moving", path, sizeof path);
    unlink(path);
    rmdir(h->folder);
}
