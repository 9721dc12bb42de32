#include <math.h>
#include <string.h>

#include "present/chart.h"
#include "progress.h"
#include "watched.h"

enum { BAR = 24, HEAD_ROWS = 6, PANEL_ROWS = 11, AXIS_ROWS = 1 };
static const double silence_s = 5; /* from here on worth a word */

/* Cut off where the screen ends. */
static void print_line(const md_terminal *t, md_colour colour, const char *text)
{
    md_terminal_colour(t, stdout, colour);
    printf("%.*s", md_terminal_text_columns(t), text);
    md_terminal_colour(t, stdout, MD_PLAIN);
    printf("\n");
}

static void print_state(const md_watched *w, const md_terminal *t)
{
    static const struct {
        const char *word;
        md_colour colour;
    } states[] = {
        [MD_RUN_ABSENT] = {"no run yet", MD_DIM},       [MD_RUN_STARTING] = {"starting", MD_BLUE},
        [MD_RUN_RUNNING] = {"running", MD_BLUE},        [MD_RUN_FINISHED] = {"finished", MD_GREEN},
        [MD_RUN_STOPPED] = {"stopped", MD_ORANGE},      [MD_RUN_FAILED] = {"failed", MD_RED},
        [MD_RUN_GONE] = {"gone without a word", MD_RED}};
    int room = md_terminal_text_columns(t) - 2 - (int)strlen(states[w->state].word);
    md_terminal_colour(t, stdout, MD_BOLD);
    printf("%.*s  ", room > 0 ? room : 0, w->folder);
    md_terminal_colour(t, stdout, states[w->state].colour);
    printf("%s", states[w->state].word);
    md_terminal_colour(t, stdout, MD_PLAIN);
    printf("\n");
}

/* "  ETA 0:42", or nothing where there is nothing left or nothing known. */
static void estimate(const md_watched *w, char *out, size_t size)
{
    const md_live *l = &w->live;
    char left[32];
    double done = (double)(l->step - l->first_step), rest = (double)(l->total_steps - l->step);
    *out = '\0';
    if (w->state != MD_RUN_RUNNING || done <= 0)
        return;
    md_progress_duration_text(rest * l->seconds / done, left, sizeof left);
    snprintf(out, size, "  ETA %s", left);
}

static void print_progress(const md_watched *w, const md_terminal *t)
{
    const md_live *l = &w->live;
    char text[128], left[48];
    estimate(w, left, sizeof left);
    snprintf(text, sizeof text, "  epoch %lld/%lld  step %lld/%lld%s", (long long)l->epoch,
             (long long)l->epochs, (long long)l->step, (long long)l->total_steps, left);
    int room = md_terminal_text_columns(t) - (int)strlen(text);
    md_terminal_colour(t, stdout, MD_BLUE);
    if (room > 0 && l->total_steps > 0)
        md_terminal_bar(t, stdout, (double)l->step / (double)l->total_steps,
                        room < BAR ? room : BAR, 1);
    md_terminal_colour(t, stdout, MD_PLAIN);
    printf("%s\n", text);
}

static void print_speed(const md_watched *w, const md_terminal *t)
{
    char text[160], since[32];
    int length;
    if (isnan(w->live.loss))
        length = snprintf(text, sizeof text, "no step is finished yet");
    else if (w->live.numbers)
        length = snprintf(text, sizeof text, "loss %.5g  mae %.5g  %.0f images/s", w->live.loss,
                          w->live.mae, w->live.images_per_s);
    else
        length = snprintf(text, sizeof text, "loss %.4f  accuracy %.4f  %.0f images/s",
                          w->live.loss, w->live.accuracy, w->live.images_per_s);
    double age = md_live_age(&w->live);
    if (w->state == MD_RUN_RUNNING && age > silence_s && length < (int)sizeof text) {
        md_progress_duration_text(age, since, sizeof since);
        snprintf(text + length, sizeof text - (size_t)length, "  no news for %s", since);
    }
    print_line(t, MD_PLAIN, text);
}

/* Of one rank alone there is nothing to say. */
static void print_slowest(const md_ledger *ledger, const md_terminal *t)
{
    char rank[MD_LEDGER_TEXT], text[MD_LEDGER_TEXT + 16];
    if (ledger->count < 2)
        return;
    md_ledger_describe(ledger, ledger->ranks[0], rank);
    snprintf(text, sizeof text, "slowest rank: %s", rank);
    print_line(t, md_ledger_is_slow(ledger, ledger->ranks[0]) ? MD_RED : MD_PLAIN, text);
}

/* Two panels, one, or none, as there is room. */
static md_status print_curves(const md_watched *w, int rows, md_error *err)
{
    const md_checkpoint *c = w->checkpoint;
    int room = rows - HEAD_ROWS - AXIS_ROWS;
    size_t count = room < PANEL_ROWS ? 0 : room < 2 * PANEL_ROWS ? 1 : 2;
    if (!c || c->history_count == 0 || count == 0)
        return MD_OK;
    md_chart charts[2];
    md_chart_make(c, md_chart_of_metric(&c->model), &charts[0]);
    md_chart_make(c, &md_chart_loss, &charts[1]);
    printf("\n");
    return md_charts_print(charts, count, stdout, err);
}

static void print_place(const md_live *l, const md_terminal *t)
{
    char text[256];
    snprintf(text, sizeof text, "%lld rank%s, pid %lld on %s, since %s", (long long)l->ranks,
             l->ranks == 1 ? "" : "s", (long long)l->pid, l->host, l->started);
    print_line(t, MD_DIM, text);
}

md_status md_watched_print(const md_watched *w, int rows, md_error *err)
{
    const md_terminal t = md_terminal_detect(stdout);
    print_state(w, &t);
    if (w->has_live) {
        print_place(&w->live, &t);
        print_progress(w, &t);
        print_speed(w, &t);
    } else if (w->checkpoint)
        printf("epoch %lld/%lld  step %lld\n", (long long)w->checkpoint->at.epoch,
               (long long)w->epochs, (long long)w->checkpoint->at.step);
    print_slowest(&w->ledger, &t);
    return print_curves(w, rows, err);
}
