#include <limits.h>
#include <math.h>
#include <string.h>

#include "cli/command.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/text.h"
#include "monitor/progress.h"
#include "monitor/watched.h"
#include "present/terminal.h"

enum { ONCE = 1 };
static const double interval_s = 0.5;

typedef struct arguments {
    int once;
} arguments;

static const struct argp_option options[] = {
    {"once", ONCE, NULL, 0, "print the present state and leave", 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    (void)text;
    if (key != ONCE)
        return ARGP_ERR_UNKNOWN;
    ((arguments *)state->input)->once = 1;
    return 0;
}

const struct argp md_watch_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "DIR",
    .doc = "Follows the run in an output folder from another terminal: progress, speed, slowest "
           "rank and curves, until the run ends (or Ctrl-C). Into a file or pipe, a line for each "
           "finished epoch. Reads only what the run publishes, and waits for one that has not "
           "begun."};

static int has_ended(const md_watched *w)
{
    return w->state != MD_RUN_ABSENT && w->state != MD_RUN_STARTING && w->state != MD_RUN_RUNNING;
}

/* The verdict on a run that ended: its last line on stdout, or the error. */
static md_status conclude(const md_watched *w, md_error *err)
{
    const md_checkpoint *c = w->checkpoint;
    long long steps = w->has_live ? w->live.step : c->at.step;
    char quoted[MD_QUOTED_SIZE];
    switch (w->state) {
    case MD_RUN_FINISHED:
        printf("finished after step %lld\n", steps);
        return MD_OK;
    case MD_RUN_STOPPED:
        printf("stopped after step %lld; go on with: mnist_dist --resume --output %s\n", steps,
               md_text_quote(w->folder, quoted));
        return MD_OK;
    case MD_RUN_FAILED:
        return md_fail(err, MD_FAILED,
                       "%s: the run failed after step %lld; its own message tells why", w->folder,
                       steps);
    default:
        return md_fail(err, MD_FAILED,
                       "%s: the run is gone without a word (killed?); it was at step %lld at %s, "
                       "go on with: mnist_dist --resume --output %s",
                       w->folder, steps, w->live.updated, md_text_quote(w->folder, quoted));
    }
}

static void print_slow_rank(const md_ledger *ledger)
{
    char text[MD_LEDGER_TEXT];
    if (ledger->count == 0 || !md_ledger_is_slow(ledger, ledger->ranks[0]))
        return;
    md_ledger_describe(ledger, ledger->ranks[0], text);
    printf("slow rank: %s\n", text);
}

/* Epochs after *shown, which moves on; from the first again when another run has taken the place.
 */
static void print_epochs(const md_watched *w, int64_t *shown)
{
    const md_checkpoint *c = w->checkpoint;
    const md_metric *metric = c ? md_metric_of(&c->model) : NULL;
    char text[256];
    double best = NAN;
    if (!c || c->at.epoch < *shown)
        *shown = 0;
    const int64_t before = *shown;
    for (size_t i = 0; c && i < c->history_count; i++) {
        const md_epoch_row *row = &c->history[i];
        const double value = md_metric_validated(metric, row);
        int better = md_metric_improves(metric, value, best);
        if (better)
            best = value;
        if (row->epoch <= *shown)
            continue;
        md_progress_epoch_text(metric, row, w->epochs, better, text, sizeof text);
        printf("%s\n", text);
        *shown = row->epoch;
    }
    if (*shown > before)
        print_slow_rank(&w->ledger);
}

/* The terminal's page anew, or what has come to a file or pipe since. */
static md_status show(const md_watched *w, int64_t *shown, md_error *err)
{
    static const char home[] = "\033[H\033[J";
    const md_terminal terminal = md_terminal_detect(stdout);
    if (!terminal.interactive) {
        print_epochs(w, shown);
        return MD_OK;
    }
    printf("%s", home);
    md_status status = md_watched_print(w, terminal.rows - 2, err);
    md_terminal_colour(&terminal, stdout, MD_DIM);
    if (!has_ended(w))
        printf("Ctrl-C leaves, the run goes on\n");
    md_terminal_colour(&terminal, stdout, MD_PLAIN);
    return status;
}

static md_status follow(md_watched *w, md_error *err)
{
    /* Shown at once, so that nothing flickers. Our own: where MPICH has taken stdout's buffer away,
     * glibc makes no new one. */
    static char page[1 << 16];
    int64_t shown = 0;
    int waiting = 0, begun = 0;
    setvbuf(stdout, page, _IOFBF, sizeof page);
    md_status status = md_watched_look(w, err);
    for (; !status && !has_ended(w); status = status ? status : md_watched_look(w, err)) {
        begun |= w->state != MD_RUN_ABSENT;
        if (begun)
            status = show(w, &shown, err);
        else if (!waiting++)
            md_info("waiting for a run in %s", w->folder);
        if (fflush(stdout) != 0)
            return status; /* nobody reads any more */
        md_clock_sleep(interval_s);
    }
    if (!status)
        status = show(w, &shown, err);
    return status ? status : conclude(w, err);
}

static md_status look_once(md_watched *w, md_error *err)
{
    const md_terminal terminal = md_terminal_detect(stdout);
    md_status status = md_watched_look(w, err);
    return status ? status
                  : md_watched_print(w, terminal.interactive ? terminal.rows : INT_MAX, err);
}

static md_status check_folder(const char *path, md_error *err)
{
    struct stat info;
    if (strlen(path) >= MD_PATH_SIZE)
        return md_fail(err, MD_USAGE, "watch %.200s...: the path is too long", path);
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode))
        return md_fail(err, MD_USAGE, "watch %s: not a folder; name a run's output folder", path);
    return MD_OK;
}

md_status md_command_watch(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    arguments a = {0};
    md_watched watched = {0};
    md_status status = md_options_parse(&md_watch_argp, argc, argv, &a, &watched.folder, err);
    if (!status)
        status = check_folder(watched.folder, err);
    if (!status)
        status = a.once ? look_once(&watched, err) : follow(&watched, err);
    md_watched_clear(&watched);
    return status;
}
