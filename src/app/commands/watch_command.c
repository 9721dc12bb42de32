#include <limits.h>
#include <math.h>
#include <string.h>

#include "cli/command.h"
#include "monitor/progress.h"
#include "monitor/watched.h"
#include "present/screen.h"
#include "present/terminal.h"

enum { ONCE = 1 };
static const double interval_s = 0.5;

typedef struct arguments {
    int once;
} arguments;

static const struct argp_option options[] = {
    {"once", ONCE, NULL, 0, "print the present state and leave", 0}, {0}};

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's signature */
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
           "rank and curves, until the run ends (or q). Into a file or pipe, a line for each "
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
    long long steps = w->has_live ? w->live.step : c->step;
    switch (w->state) {
    case MD_RUN_FINISHED:
        printf("finished after step %lld\n", steps);
        return MD_OK;
    case MD_RUN_STOPPED:
        printf("stopped after step %lld; go on with: mnist_dist --resume --output %s\n", steps,
               w->folder);
        return MD_OK;
    case MD_RUN_FAILED:
        return md_fail(err, MD_FAILED,
                       "%s: the run failed after step %lld; its own message tells why", w->folder,
                       steps);
    default:
        return md_fail(err, MD_FAILED,
                       "%s: the run is gone without a word (killed?); it was at step %lld at %s, "
                       "go on with: mnist_dist --resume --output %s",
                       w->folder, steps, w->live.updated, w->folder);
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
    char text[192];
    double best = -INFINITY;
    if (!c || c->epoch < *shown)
        *shown = 0;
    const int64_t before = *shown;
    for (size_t i = 0; c && i < c->history_count; i++) {
        const md_epoch_row *row = &c->history[i];
        int better = row->val_accuracy > best;
        if (better)
            best = row->val_accuracy;
        if (row->epoch <= *shown)
            continue;
        md_progress_epoch_text(row, w->epochs, better, text, sizeof text);
        printf("%s\n", text);
        *shown = row->epoch;
    }
    if (*shown > before)
        print_slow_rank(&w->ledger);
}

static md_status draw(const md_watched *w, md_error *err)
{
    const md_terminal t = md_terminal_detect(stdout);
    md_screen_clear();
    md_status status = md_watched_print(w, t.rows - 1, err);
    md_terminal_colour(&t, stdout, MD_DIM);
    printf("q leaves, the run goes on");
    md_terminal_colour(&t, stdout, MD_PLAIN);
    return status;
}

static md_status follow(md_watched *w, md_error *err)
{
    const md_terminal terminal = md_terminal_detect(stdout);
    md_screen screen = {0};
    md_status status = MD_OK;
    int64_t shown = 0;
    int leaves = 0, waiting = 0;
    while (!leaves && !(status = md_watched_look(w, err)) && !has_ended(w)) {
        if (w->state == MD_RUN_ABSENT && !screen.open) {
            if (!waiting++)
                md_info("waiting for a run in %s", w->folder);
        } else if (!terminal.interactive)
            print_epochs(w, &shown);
        else {
            if (!screen.open)
                md_screen_open(&screen);
            status = draw(w, err);
        }
        leaves = status || ferror(stdout) || md_screen_wait(&screen, interval_s);
    }
    md_screen_close(&screen);
    if (status || leaves)
        return status;
    if (terminal.interactive)
        status = md_watched_print(w, terminal.rows, err);
    else
        print_epochs(w, &shown);
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
        return md_fail(err, MD_USAGE, "watch %s: the path is too long", path);
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
