#include "confusion.h"

#include "gnuplot.h"
#include "terminal.h"

static const int64_t *row_of(const md_confusion *m, int actual)
{
    return m->counts + (size_t)actual * (size_t)m->classes;
}

static int64_t row_total(const md_confusion *m, int actual)
{
    const int64_t *row = row_of(m, actual);
    int64_t total = 0;
    for (int p = 0; p < m->classes; p++)
        total += row[p];
    return total;
}

void md_confusion_print(const md_confusion *m, FILE *out)
{
    md_terminal t = md_terminal_detect(out);
    fprintf(out, "actual  accuracy   predicted as\n%18s", "");
    for (int p = 0; p < m->classes; p++)
        fprintf(out, "%6d", p);
    fprintf(out, "\n");
    for (int a = 0; a < m->classes; a++) {
        int64_t total = row_total(m, a);
        const int64_t *row = row_of(m, a);
        if (total)
            fprintf(out, "%6d  %8.4f  ", a, (double)row[a] / (double)total);
        else
            fprintf(out, "%6d  %8s  ", a, "-");
        for (int p = 0; p < m->classes; p++) {
            md_terminal_colour(&t, out, p == a ? MD_BOLD : row[p] ? MD_RED : MD_DIM);
            fprintf(out, "%6lld", (long long)row[p]);
            md_terminal_colour(&t, out, MD_PLAIN);
        }
        fprintf(out, "\n");
    }
}

/* Shares of a class, right ones above zero and mistakes below, so that both show in one picture
 * although mistakes are rare: each takes the root of its share. */
static void write_shares(FILE *script, const md_confusion *m)
{
    fprintf(script, "$shares << END\n");
    for (int a = 0; a < m->classes; a++) {
        double total = (double)row_total(m, a);
        const int64_t *row = row_of(m, a);
        for (int p = 0; p < m->classes; p++) {
            double share = total > 0 ? (double)row[p] / total : 0;
            fprintf(script, "%d %d %.6g %lld\n", p, a, a == p ? share : -share, (long long)row[p]);
        }
    }
    fprintf(script, "END\n");
}

md_status md_confusion_draw(const md_confusion *m, const char *title, const char *path,
                            md_error *err)
{
    md_gnuplot *plot = NULL;
    int side = 120 + 60 * m->classes;
    md_status status = md_gnuplot_open(path, side, side, &plot, err);
    if (status)
        return status;
    FILE *script = md_gnuplot_script(plot);
    write_shares(script, m);
    fprintf(script, "set title ");
    md_gnuplot_quote(script, title);
    fprintf(script,
            " font ',13'\nset xlabel 'predicted'\nset ylabel 'actual'\nset size ratio -1\n"
            "set xrange [-0.5:%d.5]\nset yrange [%d.5:-0.5]\nset xtics 1 scale 0\n"
            "set ytics 1 scale 0\nunset key\nunset colorbox\nset cbrange [-1:1]\n"
            "set palette defined (-1 '#b2182b', 0 'white', 1 '#2166ac')\n"
            "root(x) = x < 0 ? -sqrt(-x) : x\n"
            "ink(x) = abs(root(x)) > 0.5 ? 0xffffff : 0\n"
            "plot $shares using 1:2:(root($3)) with image, \\\n"
            "     $shares using 1:2:(sprintf('%%d', $4)):(ink($3)) with labels textcolor rgb "
            "variable\n",
            m->classes - 1, m->classes - 1);
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}
