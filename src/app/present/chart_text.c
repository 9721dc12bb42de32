#include <assert.h>
#include <math.h>
#include <string.h>

#include "canvas.h"
#include "chart.h"

/* Two panels with their titles, axes and one line of epochs leave a line of 24 to the prompt. */
enum { PANEL_ROWS = 9, LABEL_COLUMNS = 7 };

static const md_colour colours[MD_CHART_SERIES] = {MD_BLUE, MD_ORANGE};
static const char *const samples[MD_CHART_SERIES] = {"⠒⠒⠒", "⠂⠂⠂"};

static void place(const md_chart *chart, int columns, double epoch, double value, double out[2])
{
    out[0] = md_axis_share(&chart->epochs, epoch) * (columns - 0.5);
    out[1] = (1 - md_axis_share(&chart->values, value)) * ((double)PANEL_ROWS - 0.25);
}

static void draw_series(md_canvas *canvas, const md_chart *chart, int columns, int series)
{
    assert(series < MD_CHART_SERIES);
    const md_pen pen = {colours[series], 1 + series, chart->kind->series[series].name[0]};
    double last[2], next[2];
    int drawing = 0;
    for (size_t i = 0; i < chart->count; i++) {
        double value = md_chart_value(chart, series, i);
        if (!isnan(value)) {
            place(chart, columns, (double)chart->rows[i].epoch, value, next);
            md_canvas_line(canvas, drawing ? last : next, next, pen);
            memcpy(last, next, sizeof last);
        }
        drawing = !isnan(value);
    }
}

static void print_title(const md_terminal *t, const md_chart *chart, FILE *out)
{
    char best[MD_METRIC_TEXT];
    assert(chart->series <= MD_CHART_SERIES);
    md_terminal_colour(t, out, MD_BOLD);
    fprintf(out, "%-9s", chart->kind->title);
    md_terminal_colour(t, out, MD_PLAIN);
    for (int s = 0; s < chart->series; s++) {
        const char *name = chart->kind->series[s].name, *gap = s ? "   " : " ";
        md_terminal_colour(t, out, colours[s]);
        if (t->utf8)
            fprintf(out, "%s%s %s", gap, samples[s], name);
        else
            fprintf(out, "%s%c%c%c %s", gap, name[0], name[0], name[0], name);
        md_terminal_colour(t, out, MD_PLAIN);
    }
    if (chart->best)
        fprintf(out, "   * best %s in epoch %lld",
                md_metric_text(chart->metric, chart->best_value, best),
                (long long)chart->best->epoch);
    fputc('\n', out);
}

/* One row of the panel, with the tick that lies on it. */
static void print_row(const md_terminal *t, const md_chart *chart, const md_canvas *canvas, int row,
                      FILE *out)
{
    char label[MD_AXIS_TEXT] = "";
    const md_axis *axis = &chart->values;
    for (int i = 0; i < axis->ticks; i++) {
        double at[2];
        place(chart, 1, 0, md_axis_tick(axis, i), at);
        if ((int)at[1] == row)
            md_axis_text(axis, i, label);
    }
    fprintf(out, "%*s%s", LABEL_COLUMNS, label, !t->utf8 ? "|" : *label ? "┤" : "│");
    md_canvas_print_row(canvas, row, out);
    fputc('\n', out);
}

/* The axis and, below it, the ticks' epochs where there is room between them. */
static void print_epochs(const md_terminal *t, const md_chart *chart, int columns, int labelled,
                         FILE *out)
{
    char marks[MD_TEXT_COLUMNS + 1] = "", labels[MD_TEXT_COLUMNS + 1];
    int end = -1; /* of the last label */
    memset(labels, ' ', sizeof labels);
    for (int i = 0; i < chart->epochs.ticks; i++) {
        char text[32];
        double epoch = md_axis_tick(&chart->epochs, i);
        int at = (int)(md_axis_share(&chart->epochs, epoch) * (columns - 0.5));
        int length = snprintf(text, sizeof text, "%.0f", epoch), from = at - (length - 1) / 2;
        if (at < 0 || at >= columns)
            continue; /* epochs of a forged file, beyond what a double can tell apart */
        marks[at] = 1;
        from = from < 0 ? 0 : from + length > columns ? columns - length : from;
        if (from <= end)
            continue;
        memcpy(labels + from, text, (size_t)length);
        end = from + length;
    }
    fprintf(out, "%*s%s", LABEL_COLUMNS, "", t->utf8 ? "└" : "+");
    for (int i = 0; i < columns; i++)
        fputs(!t->utf8 ? marks[i] ? "+" : "-" : marks[i] ? "┬" : "─", out);
    if (labelled)
        fprintf(out, "\n%*s %.*s", LABEL_COLUMNS, "epoch", end, labels);
    fputc('\n', out);
}

static md_status print_panel(const md_terminal *t, const md_chart *chart, int last, FILE *out,
                             md_error *err)
{
    const int columns = md_terminal_text_columns(t) - LABEL_COLUMNS - 1;
    md_canvas *canvas = NULL;
    md_status status = md_canvas_create(t, columns, PANEL_ROWS, &canvas, err);
    if (status)
        return status;
    for (int s = 0; s < chart->series; s++)
        draw_series(canvas, chart, columns, s);
    if (chart->best) {
        double at[2];
        place(chart, columns, (double)chart->best->epoch, chart->best_value, at);
        md_canvas_mark(canvas, at, '*', MD_BOLD);
    }
    print_title(t, chart, out);
    for (int row = 0; row < PANEL_ROWS; row++)
        print_row(t, chart, canvas, row, out);
    print_epochs(t, chart, columns, last, out);
    md_canvas_destroy(&canvas);
    return MD_OK;
}

md_status md_charts_print(const md_chart *charts, size_t count, FILE *out, md_error *err)
{
    md_terminal terminal = md_terminal_detect(out);
    md_status status = MD_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = print_panel(&terminal, &charts[i], i + 1 == count, out, err);
    return status;
}
