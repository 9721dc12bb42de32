#include "scatter.h"

#include <math.h>

#include "canvas.h"
#include "gnuplot.h"
#include "html.h"
#include "mnist_dist/base/text.h"

/* More points than this are thinned out evenly: what they hide of each other is not seen anyhow. */
enum { MOST_DRAWN = 20000, MOST_OF_PAGE = 2000 };
enum { ROWS = 18, LABEL_COLUMNS = 9 };

static void point(const md_scatter *s, size_t sample, double out[2])
{
    const size_t at = sample * s->predictions->outputs + s->output;
    const double actual = (double)s->predictions->targets[at];
    const double predicted = (double)s->predictions->answers[at];
    out[0] = s->kind == MD_SCATTER_PREDICTED ? actual : predicted;
    out[1] = s->kind == MD_SCATTER_PREDICTED ? predicted : actual - predicted;
}

/* The line on which answers are right. */
static double truth(const md_scatter *s, double x)
{
    return s->kind == MD_SCATTER_PREDICTED ? x : 0.0;
}

static const char *axis_name(const md_scatter *s, int axis)
{
    static const char *const names[2][2] = {
        [MD_SCATTER_PREDICTED] = {"actual", "predicted"},
        [MD_SCATTER_RESIDUALS] = {"predicted", "actual - predicted"}};
    return names[s->kind][axis];
}

md_scatter md_scatter_make(const md_predictions *p, md_scatter_kind kind, size_t output)
{
    md_scatter s = {.kind = kind, .predictions = p, .output = output};
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < p->count; i++) {
        double at[2];
        point(&s, i, at);
        for (int k = 0; k < 2; k++) {
            low[k] = at[k] < low[k] ? at[k] : low[k];
            high[k] = at[k] > high[k] ? at[k] : high[k];
        }
    }
    if (kind == MD_SCATTER_RESIDUALS) {
        low[1] = fmin(low[1], 0.0);
        high[1] = fmax(high[1], 0.0);
    }
    s.x = md_axis_make(low[0], high[0]);
    s.y = md_axis_make(low[1], high[1]);
    return s;
}

const char *md_scatter_title(const md_scatter *s, char out[MD_SCATTER_TITLE])
{
    const char *what = s->kind == MD_SCATTER_PREDICTED ? "redicted against actual" : "esiduals";
    char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE];
    md_text_snippet(md_scale_class(s->predictions->scale, s->output, name), shown);
    if (s->predictions->outputs > 1)
        snprintf(out, MD_SCATTER_TITLE, "%s %s: %c%s",
                 s->predictions->scale->class_names ? "Of" : "Target", shown,
                 s->kind == MD_SCATTER_PREDICTED ? 'p' : 'r', what);
    else
        snprintf(out, MD_SCATTER_TITLE, "%c%s", s->kind == MD_SCATTER_PREDICTED ? 'P' : 'R', what);
    return out;
}

static size_t stride(const md_scatter *s, size_t most)
{
    return (s->predictions->count + most - 1) / most;
}

/* The part of the line of truth that lies on the plane; 0: none. */
static int cut_truth(const md_scatter *s, double from[2], double to[2])
{
    from[0] = s->x.low, to[0] = s->x.high;
    if (s->kind == MD_SCATTER_PREDICTED) {
        from[0] = fmax(s->x.low, s->y.low);
        to[0] = fmin(s->x.high, s->y.high);
    }
    from[1] = truth(s, from[0]);
    to[1] = truth(s, to[0]);
    return from[0] < to[0];
}

static void write_ticks(FILE *script, char name, const md_axis *axis)
{
    char text[MD_AXIS_TEXT];
    fprintf(script, "set %crange [%.9g:%.9g]\nset %ctics (", name, axis->low, axis->high, name);
    for (int i = 0; i < axis->ticks; i++)
        fprintf(script, "%s'%s' %.9g", i ? ", " : "", md_axis_text(axis, i, text),
                md_axis_tick(axis, i));
    fprintf(script, ")\n");
}

static void write_panel(FILE *script, const md_scatter *s)
{
    char title[MD_SCATTER_TITLE];
    double from[2], to[2], at[2];
    fprintf(script, "$points << END\n");
    for (size_t i = 0; i < s->predictions->count; i += stride(s, MOST_DRAWN)) {
        point(s, i, at);
        fprintf(script, "%.9g %.9g\n", at[0], at[1]);
    }
    fprintf(script, "END\n");
    write_ticks(script, 'x', &s->x);
    write_ticks(script, 'y', &s->y);
    fprintf(script, "unset arrow\n");
    if (cut_truth(s, from, to))
        fprintf(script,
                "set arrow from %.9g,%.9g to %.9g,%.9g nohead lw 2 lc rgb '#d55e00' front\n",
                from[0], from[1], to[0], to[1]);
    fprintf(script, "set xlabel '%s'\nset ylabel '%s'\nset title ", axis_name(s, 0),
            axis_name(s, 1));
    md_gnuplot_quote(script, md_scatter_title(s, title));
    fprintf(script,
            "\nplot $points using 1:2 with points pt 7 ps 0.4 lc rgb '#700072b2' notitle\n");
}

md_status md_scatters_draw(const md_predictions *p, md_scatter_kind kind, const char *title,
                           const char *path, md_error *err)
{
    const size_t count = p->outputs < MD_SCATTERS ? p->outputs : MD_SCATTERS;
    const int across = count > 1 ? 2 : 1, down = count > 2 ? 2 : 1;
    md_gnuplot *plot = NULL;
    md_status status = md_gnuplot_open(path, 600 * across, 560 * down, &plot, err);
    if (status)
        return status;
    FILE *script = md_gnuplot_script(plot);
    fprintf(script,
            "set grid lt 1 lc rgb '#e4e4e4'\nset border 3\nset xtics nomirror\n"
            "set ytics nomirror\nset lmargin 11\nset rmargin 3\n"
            "set multiplot layout %d,%d title ",
            down, across);
    md_gnuplot_quote(script, title);
    fprintf(script, " font ',14'\n");
    for (size_t k = 0; k < count; k++) {
        const md_scatter s = md_scatter_make(p, kind, k);
        write_panel(script, &s);
    }
    fprintf(script, "unset multiplot\n");
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}

static void place(const md_scatter *s, int columns, const double at[2], double out[2])
{
    out[0] = md_axis_share(&s->x, at[0]) * (columns - 0.5);
    out[1] = (1 - md_axis_share(&s->y, at[1])) * (ROWS - 0.25);
}

static void draw_points(md_canvas *canvas, const md_scatter *s, int columns)
{
    double from[2], to[2], at[2];
    if (cut_truth(s, from, to)) {
        double begin[2], end[2];
        place(s, columns, from, begin);
        place(s, columns, to, end);
        md_canvas_line(canvas, begin, end, (md_pen){MD_ORANGE, 3, '.'});
    }
    for (size_t i = 0; i < s->predictions->count; i += stride(s, MOST_DRAWN)) {
        double dot[2];
        point(s, i, at);
        place(s, columns, at, dot);
        md_canvas_line(canvas, dot, dot, (md_pen){MD_BLUE, 1, 'o'});
    }
}

static void print_row(const md_terminal *t, const md_scatter *s, const md_canvas *canvas, int row,
                      FILE *out)
{
    char label[MD_AXIS_TEXT] = "";
    for (int i = 0; i < s->y.ticks; i++) {
        double at[2] = {s->x.low, md_axis_tick(&s->y, i)}, cell[2];
        place(s, 1, at, cell);
        if ((int)cell[1] == row)
            md_axis_text(&s->y, i, label);
    }
    fprintf(out, "%*s%s", LABEL_COLUMNS, label, !t->utf8 ? "|" : *label ? "┤" : "│");
    md_canvas_print_row(canvas, row, out);
    fputc('\n', out);
}

/* The axis with its two ends, and its name between them. */
static void print_x_axis(const md_terminal *t, const md_scatter *s, int columns, FILE *out)
{
    char low[MD_AXIS_TEXT], high[MD_AXIS_TEXT];
    md_axis_text(&s->x, 0, low);
    md_axis_text(&s->x, s->x.ticks - 1, high);
    fprintf(out, "%*s%s", LABEL_COLUMNS, "", t->utf8 ? "└" : "+");
    for (int i = 0; i < columns; i++)
        fputs(t->utf8 ? "─" : "-", out);
    const int middle = snprintf(NULL, 0, "%s", axis_name(s, 0));
    const int left = columns / 2 - middle / 2;
    fprintf(out, "\n%*s %-*s%-*s%*s\n", LABEL_COLUMNS, "", left, low, middle, axis_name(s, 0),
            columns - left - middle, high);
}

static md_status print_panel(const md_terminal *t, const md_scatter *s, FILE *out, md_error *err)
{
    const int columns = md_terminal_text_columns(t) - LABEL_COLUMNS - 2;
    char title[MD_SCATTER_TITLE];
    md_canvas *canvas = NULL;
    md_status status = md_canvas_create(t, columns, ROWS, &canvas, err);
    if (status)
        return status;
    draw_points(canvas, s, columns);
    md_terminal_colour(t, out, MD_BOLD);
    fprintf(out, "%s", md_scatter_title(s, title));
    md_terminal_colour(t, out, MD_PLAIN);
    fprintf(out, "   up: %s\n", axis_name(s, 1));
    for (int row = 0; row < ROWS; row++)
        print_row(t, s, canvas, row, out);
    print_x_axis(t, s, columns, out);
    md_canvas_destroy(&canvas);
    return MD_OK;
}

md_status md_scatters_print(const md_predictions *p, md_scatter_kind kind, FILE *out, md_error *err)
{
    const md_terminal terminal = md_terminal_detect(out);
    md_status status = MD_OK;
    for (size_t k = 0; !status && k < p->outputs && k < MD_SCATTERS; k++) {
        const md_scatter s = md_scatter_make(p, kind, k);
        status = print_panel(&terminal, &s, out, err);
    }
    return status;
}

/* In units that the reader's window scales. */
enum { WIDTH = 440, HEIGHT = 330, LEFT = 62, RIGHT = 14, TOP = 10, BOTTOM = 40 };

static void page_place(const md_scatter *s, const double at[2], double out[2])
{
    out[0] = LEFT + md_axis_share(&s->x, at[0]) * (WIDTH - LEFT - RIGHT);
    out[1] = (double)TOP + (1 - md_axis_share(&s->y, at[1])) * (HEIGHT - TOP - BOTTOM);
}

static void print_axes(const md_scatter *s, FILE *out)
{
    char text[MD_AXIS_TEXT];
    double at[2];
    for (int i = 0; i < s->y.ticks; i++) {
        page_place(s, (double[]){s->x.low, md_axis_tick(&s->y, i)}, at);
        fprintf(out,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%s</text>\n",
                LEFT, at[1], WIDTH - RIGHT, LEFT - 6, at[1] + 4, md_axis_text(&s->y, i, text));
    }
    for (int i = 0; i < s->x.ticks; i++) {
        page_place(s, (double[]){md_axis_tick(&s->x, i), s->y.low}, at);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", at[0],
                HEIGHT - BOTTOM + 18, md_axis_text(&s->x, i, text));
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", WIDTH - RIGHT,
            HEIGHT - 4, axis_name(s, 0));
}

void md_scatter_print_svg(const md_scatter *s, FILE *out)
{
    char title[MD_SCATTER_TITLE];
    double at[2], from[2], to[2], begin[2], end[2];
    fprintf(out, "<figure><h3>");
    md_html_text(out, md_scatter_title(s, title));
    fprintf(out, "</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    md_html_text(out, title);
    fprintf(out, "\">\n");
    print_axes(s, out);
    fprintf(out, "<path class=\"points\" d=\"");
    for (size_t i = 0; i < s->predictions->count; i += stride(s, MOST_OF_PAGE)) {
        double value[2];
        point(s, i, value);
        page_place(s, value, at);
        fprintf(out, "M%.1f %.1fh0", at[0], at[1]);
    }
    fprintf(out, "\"/>\n");
    if (cut_truth(s, from, to)) {
        page_place(s, from, begin);
        page_place(s, to, end);
        fprintf(out, "<path class=\"curve valid\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", begin[0],
                begin[1], end[0], end[1]);
    }
    fprintf(out, "</svg>\n<figcaption class=\"legend\"><span>up: %s</span>", axis_name(s, 1));
    if (s->predictions->count > MOST_OF_PAGE)
        fprintf(out, "<span>every %zu%s row</span>", stride(s, MOST_OF_PAGE),
                stride(s, MOST_OF_PAGE) == 2   ? "nd"
                : stride(s, MOST_OF_PAGE) == 3 ? "rd"
                                               : "th");
    fprintf(out, "</figcaption></figure>\n");
}
