#include <assert.h>
#include <math.h>

#include "chart.h"
#include "gnuplot.h"

static const char *const colours[MD_CHART_SERIES] = {"#0072b2", "#d55e00"};

static void write_axis(FILE *script, char name, const md_axis *axis, double margin)
{
    fprintf(script, "set %crange [%.9g:%.9g]\nset %ctics (", name, axis->low - margin,
            axis->high + margin, name);
    char text[MD_AXIS_TEXT];
    for (int i = 0; i < axis->ticks; i++)
        fprintf(script, "%s'%s' %.9g", i ? ", " : "", md_axis_text(axis, i, text),
                md_axis_tick(axis, i));
    fprintf(script, ")\n");
}

static void write_data(FILE *script, const md_chart *chart)
{
    fprintf(script, "$data << END\n");
    for (size_t i = 0; i < chart->count; i++) {
        fprintf(script, "%lld", (long long)chart->rows[i].epoch);
        for (int s = 0; s < chart->series; s++) {
            double value = md_chart_value(chart, s, i);
            if (isnan(value))
                fprintf(script, " NaN");
            else
                fprintf(script, " %.9g", value);
        }
        fprintf(script, "\n");
    }
    fprintf(script, "END\n");
}

static void write_panel(FILE *script, const md_chart *chart)
{
    char best[MD_METRIC_TEXT];
    write_data(script, chart);
    write_axis(script, 'x', &chart->epochs, 0.3);
    write_axis(script, 'y', &chart->values, 0);
    fprintf(script, "set ylabel '%s'\nset key %s right\n", chart->kind->title,
            chart->kind->best == MD_HIGHEST_BEST ? "bottom" : "top");
    assert(chart->series <= MD_CHART_SERIES);
    for (int s = 0; s < chart->series; s++)
        fprintf(script,
                "%s $data using 1:%d with linespoints lw 2 pt 7 ps 0.5 lc rgb '%s' title '%s'",
                s ? "," : "plot", 2 + s, colours[s], chart->kind->series[s].name);
    if (chart->best)
        fprintf(
            script,
            ", $data using (%lld):(%.9g) every ::0::0 with points pt 6 ps 2 lw 2 lc rgb 'black' "
            "title 'best: %s in epoch %lld'",
            (long long)chart->best->epoch, chart->best_value,
            md_metric_text(chart->metric, chart->best_value, best), (long long)chart->best->epoch);
    fprintf(script, "\n");
}

md_status md_charts_draw(const md_chart *charts, size_t count, const char *title, const char *path,
                         md_error *err)
{
    md_gnuplot *plot = NULL;
    md_status status = md_gnuplot_open(path, 900, count > 1 ? 800 : 480, &plot, err);
    if (status)
        return status;
    FILE *script = md_gnuplot_script(plot);
    fprintf(script,
            "set xlabel 'epoch'\nset grid lt 1 lc rgb '#e4e4e4'\nset border 3\n"
            "set xtics nomirror\nset ytics nomirror\nset lmargin 11\nset rmargin 3\n"
            "set multiplot layout %zu,1 title ",
            count);
    md_gnuplot_quote(script, title);
    fprintf(script, " font ',14'\n");
    for (size_t i = 0; i < count; i++)
        write_panel(script, &charts[i]);
    fprintf(script, "unset multiplot\n");
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}
