#include "curves.h"

#include <math.h>
#include <string.h>

#include "gnuplot.h"

const md_curve md_curves[MD_CURVES] = {
    {"Accuracy", offsetof(md_epoch_row, accuracy), offsetof(md_epoch_row, val_accuracy), 1},
    {"Loss", offsetof(md_epoch_row, loss), offsetof(md_epoch_row, val_loss), 0},
};

double md_curve_value(const md_epoch_row *row, size_t column)
{
    double value;
    memcpy(&value, (const char *)row + column, sizeof value);
    return value;
}

const md_epoch_row *md_curve_best(const md_checkpoint *c, const md_curve *curve, size_t *column)
{
    const md_epoch_row *best = NULL;
    const size_t columns[] = {curve->validation, curve->training};
    for (size_t k = 0; !best && k < 2; k++)
        for (size_t i = 0; i < c->history_count; i++) {
            double value = md_curve_value(&c->history[i], columns[k]);
            double record = best            ? md_curve_value(best, columns[k])
                            : curve->rising ? -INFINITY
                                            : INFINITY;
            if (curve->rising ? value > record : value < record) {
                best = &c->history[i];
                *column = columns[k];
            }
        }
    if (!best)
        *column = curve->training;
    return best ? best : c->history;
}

/* "NaN" is gnuplot's word for a gap, too. */
static void write_history(FILE *script, const md_checkpoint *c)
{
    fprintf(script, "$history << END\n");
    for (size_t i = 0; i < c->history_count; i++) {
        const md_epoch_row *row = &c->history[i];
        fprintf(script, "%lld", (long long)row->epoch);
        for (size_t k = 0; k < MD_CURVES; k++)
            fprintf(script, " %.9g %.9g", md_curve_value(row, md_curves[k].training),
                    md_curve_value(row, md_curves[k].validation));
        fprintf(script, "\n");
    }
    fprintf(script, "END\n");
}

/* Whole epochs only, at most about twelve of them. */
static void write_epoch_axis(FILE *script, const md_checkpoint *c)
{
    static const int64_t steps[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000};
    int64_t first = c->history[0].epoch, last = c->history[c->history_count - 1].epoch;
    size_t s = 0;
    while (s + 1 < sizeof steps / sizeof *steps && (last - first) / steps[s] > 12)
        s++;
    fprintf(script, "set xrange [%g:%g]\nset xtics %lld\nset xlabel 'epoch'\n", (double)first - 0.3,
            (double)last + 0.3, (long long)steps[s]);
}

static void write_panel(FILE *script, const md_checkpoint *c, const md_curve *curve)
{
    size_t column, first = 2 + 2 * (size_t)(curve - md_curves);
    const md_epoch_row *best = md_curve_best(c, curve, &column);
    double value = md_curve_value(best, column);
    int validated = column == curve->validation;
    fprintf(script, "set ylabel '%s'\nset key %s right\n", curve->title,
            curve->rising ? "bottom" : "top");
    fprintf(script, "$best << END\n%lld %.9g\nEND\n", (long long)best->epoch, value);
    fprintf(script,
            "plot $history using 1:%zu with linespoints lw 2 pt 7 ps 0.5 lc rgb '#0072b2' title "
            "'training'",
            first);
    if (validated)
        fprintf(script,
                ", $history using 1:%zu with linespoints lw 2 pt 7 ps 0.5 lc rgb '#d55e00' title "
                "'validation'",
                first + 1);
    fprintf(script,
            ", $best with points pt 6 ps 2 lw 2 lc rgb 'black' title 'best: %.4f in epoch %lld'\n",
            value, (long long)best->epoch);
}

md_status md_curves_draw(const md_checkpoint *c, const md_curve *curves, size_t count,
                         const char *title, const char *path, md_error *err)
{
    md_gnuplot *plot = NULL;
    md_status status = md_gnuplot_open(path, 900, count > 1 ? 800 : 480, &plot, err);
    if (status)
        return status;
    FILE *script = md_gnuplot_script(plot);
    write_history(script, c);
    write_epoch_axis(script, c);
    fprintf(script,
            "set grid lt 1 lc rgb '#e4e4e4'\nset border 3\nset xtics nomirror\n"
            "set ytics nomirror\nset lmargin 11\nset rmargin 3\n"
            "set multiplot layout %zu,1 title ",
            count);
    md_gnuplot_quote(script, title);
    fprintf(script, " font ',14'\n");
    for (size_t i = 0; i < count; i++)
        write_panel(script, c, &curves[i]);
    fprintf(script, "unset multiplot\n");
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}
