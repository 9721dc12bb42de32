/* In units that the reader's window scales; the page's style sheet knows the classes. */
#include <assert.h>
#include <math.h>

#include "chart.h"

enum { WIDTH = 440, HEIGHT = 260, LEFT = 50, RIGHT = 14, TOP = 10, BOTTOM = 26, GAP = 8 };
enum { MARKED_EPOCHS = 40 };

static const char *const classes[MD_CHART_SERIES] = {"train", "valid"};

static double x_of(const md_chart *chart, double epoch)
{
    return LEFT + GAP + md_axis_share(&chart->epochs, epoch) * (WIDTH - LEFT - RIGHT - GAP);
}

static double y_of(const md_chart *chart, double value)
{
    return (double)TOP + (1 - md_axis_share(&chart->values, value)) * (HEIGHT - TOP - BOTTOM);
}

static void print_axes(const md_chart *chart, FILE *out)
{
    for (int i = 0; i < chart->values.ticks; i++) {
        char text[MD_AXIS_TEXT];
        const double y = y_of(chart, md_axis_tick(&chart->values, i));
        fprintf(out,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%s</text>\n",
                LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, md_axis_text(&chart->values, i, text));
    }
    for (int i = 0; i < chart->epochs.ticks; i++) {
        double epoch = md_axis_tick(&chart->epochs, i);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                x_of(chart, epoch), HEIGHT - 6, epoch);
    }
}

static void print_line(const md_chart *chart, int series, FILE *out)
{
    int drawing = 0;
    assert(series < MD_CHART_SERIES);
    fprintf(out, "<path class=\"curve %s\" d=\"", classes[series]);
    for (size_t i = 0; i < chart->count; i++) {
        double value = md_chart_value(chart, series, i);
        if (!isnan(value))
            fprintf(out, "%c%.1f %.1f", drawing ? 'L' : 'M',
                    x_of(chart, (double)chart->rows[i].epoch), y_of(chart, value));
        drawing = !isnan(value);
    }
    fprintf(out, "\"/>\n");
}

/* A dot for each epoch, which tells its numbers when pointed at. */
static void print_dots(const md_chart *chart, int series, FILE *out)
{
    for (size_t i = 0; i < chart->count; i++) {
        char text[MD_METRIC_TEXT];
        double epoch = (double)chart->rows[i].epoch, value = md_chart_value(chart, series, i);
        if (!isnan(value))
            fprintf(out,
                    "<path class=\"dot %s\" d=\"M%.1f %.1fh0\"><title>epoch %.0f: %s</title>"
                    "</path>\n",
                    classes[series], x_of(chart, epoch), y_of(chart, value), epoch,
                    md_metric_text(chart->metric, value, text));
    }
}

static void print_legend(const md_chart *chart, FILE *out)
{
    char best[MD_METRIC_TEXT];
    assert(chart->series <= MD_CHART_SERIES);
    fprintf(out, "<figcaption class=\"legend\">");
    for (int s = 0; s < chart->series; s++)
        fprintf(out, "<span><i class=\"key k-%s\"></i>%s</span>", classes[s],
                chart->kind->series[s].name);
    if (chart->best)
        fprintf(out, "<span>&#9675; best %s in epoch %lld</span>",
                md_metric_text(chart->metric, chart->best_value, best),
                (long long)chart->best->epoch);
    fprintf(out, "</figcaption>");
}

void md_chart_print_svg(const md_chart *chart, FILE *out)
{
    fprintf(out,
            "<figure><h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-label=\"%s over epochs\">\n",
            chart->kind->title, WIDTH, HEIGHT, chart->kind->title);
    print_axes(chart, out);
    for (int s = 0; s < chart->series; s++)
        print_line(chart, s, out);
    for (int s = 0; s < chart->series && chart->count <= MARKED_EPOCHS; s++)
        print_dots(chart, s, out);
    if (chart->best)
        fprintf(out, "<circle class=\"best\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/>\n",
                x_of(chart, (double)chart->best->epoch), y_of(chart, chart->best_value));
    fprintf(out, "</svg>\n");
    print_legend(chart, out);
    fprintf(out, "</figure>\n");
}
