#include <math.h>
#include <string.h>

#include "canvas.h"
#include "curves.h"

/* Two panels with their titles, axes and one line of epochs leave a line of 24 to the prompt. */
enum { PANEL_ROWS = 9, LABEL_COLUMNS = 7 };

/* Where values lie on the canvas. */
typedef struct scale {
    double low, high; /* values at the bottom and the top */
    double first, last;
    int columns;
} scale;

static scale find_scale(const md_checkpoint *c, const md_curve *curve, int columns)
{
    scale s = {INFINITY, -INFINITY, (double)c->history[0].epoch,
               (double)c->history[c->history_count - 1].epoch, columns};
    const size_t shown[] = {curve->training, curve->validation};
    for (size_t i = 0; i < c->history_count; i++)
        for (size_t k = 0; k < 2; k++) {
            double value = md_curve_value(&c->history[i], shown[k]);
            s.low = fmin(s.low, value);
            s.high = fmax(s.high, value);
        }
    if (!(s.high > s.low)) { /* one value, or none that is a number */
        double middle = isfinite(s.low) ? s.low : 0;
        s.low = middle - 0.5;
        s.high = middle + 0.5;
    }
    return s;
}

static void place(const scale *s, double epoch, double value, double out[2])
{
    double x = s->last > s->first ? (epoch - s->first) / (s->last - s->first) : 0.5;
    double y = (s->high - value) / (s->high - s->low);
    out[0] = x * (s->columns - 0.5);
    out[1] = y * (PANEL_ROWS - 0.25);
}

static void draw_series(md_canvas *canvas, const md_checkpoint *c, const scale *s, size_t column,
                        md_pen pen)
{
    double last[2], next[2];
    int drawing = 0;
    for (size_t i = 0; i < c->history_count; i++) {
        double value = md_curve_value(&c->history[i], column);
        if (isfinite(value)) {
            place(s, (double)c->history[i].epoch, value, next);
            md_canvas_line(canvas, drawing ? last : next, next, pen);
            memcpy(last, next, sizeof last);
        }
        drawing = isfinite(value);
    }
}

static void print_title(const md_terminal *t, const md_curve *curve, const md_epoch_row *best,
                        size_t column, FILE *out)
{
    md_terminal_colour(t, out, MD_BOLD);
    fprintf(out, "%-9s", curve->title);
    md_terminal_colour(t, out, MD_PLAIN);
    md_terminal_colour(t, out, MD_BLUE);
    fprintf(out, " %s training", t->utf8 ? "⠒⠒⠒" : "ttt");
    md_terminal_colour(t, out, MD_PLAIN);
    if (column == curve->validation) {
        md_terminal_colour(t, out, MD_ORANGE);
        fprintf(out, "   %s validation", t->utf8 ? "⠂⠂⠂" : "vvv");
        md_terminal_colour(t, out, MD_PLAIN);
    }
    fprintf(out, "   * best %.4f in epoch %lld\n", md_curve_value(best, column),
            (long long)best->epoch);
}

static void print_axis(const md_terminal *t, const scale *s, FILE *out)
{
    fprintf(out, "%*s%s", LABEL_COLUMNS, "", t->utf8 ? "└" : "+");
    for (int i = 0; i < s->columns; i++)
        fputs(t->utf8 ? "─" : "-", out);
    fputc('\n', out);
}

static void print_epochs(const scale *s, FILE *out)
{
    char last[32] = "";
    int half = s->columns / 2;
    if (s->last > s->first)
        snprintf(last, sizeof last, "%.0f", s->last);
    fprintf(out, "%*s%-8.0f%*s%*s\n", LABEL_COLUMNS + 1, "", s->first, half - 6, "epoch",
            s->columns - half - 2, last);
}

static md_status print_panel(const md_terminal *t, const md_checkpoint *c, const md_curve *curve,
                             int last, FILE *out, md_error *err)
{
    scale s = find_scale(c, curve, md_terminal_text_columns(t) - LABEL_COLUMNS - 1);
    size_t column;
    const md_epoch_row *best = md_curve_best(c, curve, &column);
    md_canvas *canvas = NULL;
    md_status status = md_canvas_create(t, s.columns, PANEL_ROWS, &canvas, err);
    if (status)
        return status;
    draw_series(canvas, c, &s, curve->training, (md_pen){MD_BLUE, 1, 't'});
    draw_series(canvas, c, &s, curve->validation, (md_pen){MD_ORANGE, 2, 'v'});
    double at[2];
    place(&s, (double)best->epoch, md_curve_value(best, column), at);
    md_canvas_mark(canvas, at, '*', MD_BOLD);
    print_title(t, curve, best, column, out);
    for (int row = 0; row < PANEL_ROWS; row++) {
        double value = s.high - (s.high - s.low) * row / (PANEL_ROWS - 1);
        if (row % 4 == 0)
            fprintf(out, "%*.4f%s", LABEL_COLUMNS, value, t->utf8 ? "┤" : "|");
        else
            fprintf(out, "%*s%s", LABEL_COLUMNS, "", t->utf8 ? "│" : "|");
        md_canvas_print_row(canvas, row, out);
        fputc('\n', out);
    }
    print_axis(t, &s, out);
    if (last)
        print_epochs(&s, out);
    md_canvas_destroy(&canvas);
    return MD_OK;
}

md_status md_curves_print(const md_checkpoint *c, const md_curve *curves, size_t count, FILE *out,
                          md_error *err)
{
    md_terminal terminal = md_terminal_detect(out);
    md_status status = MD_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = print_panel(&terminal, c, &curves[i], i + 1 == count, out, err);
    return status;
}
