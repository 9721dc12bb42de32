#include "confusion.h"

#include <math.h>

#include "gnuplot.h"
#include "terminal.h"

static const double deep = 0.5; /* shades from here on want white writing */

static int64_t count_at(const md_confusion *m, size_t actual, size_t predicted)
{
    return m->counts[actual * m->classes + predicted];
}

static int64_t total_of(const md_confusion *m, size_t actual)
{
    int64_t total = 0;
    for (size_t p = 0; p < m->classes; p++)
        total += count_at(m, actual, p);
    return total;
}

static double share_of(const md_confusion *m, size_t actual, size_t predicted)
{
    int64_t total = total_of(m, actual);
    return total ? (double)count_at(m, actual, predicted) / (double)total : 0;
}

/* The root of the share, so that rare mistakes show beside frequent right answers. */
static double shade_of(const md_confusion *m, size_t actual, size_t predicted)
{
    return sqrt(share_of(m, actual, predicted));
}

void md_confusion_print(const md_confusion *m, FILE *out)
{
    md_terminal t = md_terminal_detect(out);
    fprintf(out, "actual  accuracy   predicted as\n%18s", "");
    for (size_t p = 0; p < m->classes; p++)
        fprintf(out, "%6zu", p);
    fprintf(out, "\n");
    for (size_t a = 0; a < m->classes; a++) {
        if (total_of(m, a))
            fprintf(out, "%6zu  %8.4f  ", a, share_of(m, a, a));
        else
            fprintf(out, "%6zu  %8s  ", a, "-");
        for (size_t p = 0; p < m->classes; p++) {
            md_terminal_colour(&t, out, p == a ? MD_BOLD : count_at(m, a, p) ? MD_RED : MD_DIM);
            fprintf(out, "%6lld", (long long)count_at(m, a, p));
            md_terminal_colour(&t, out, MD_PLAIN);
        }
        fprintf(out, "\n");
    }
}

static void print_class(const md_confusion *m, size_t a, FILE *out)
{
    fprintf(out, "<tr><th scope=\"row\">%zu</th>", a);
    for (size_t p = 0; p < m->classes; p++)
        if (count_at(m, a, p) == 0)
            fprintf(out, "<td class=\"none\">0</td>");
        else
            fprintf(out, "<td class=\"%s%s\" style=\"--a:%.2f\">%lld</td>",
                    a == p ? "right" : "wrong", shade_of(m, a, p) > deep ? " deep" : "",
                    shade_of(m, a, p), (long long)count_at(m, a, p));
    if (total_of(m, a))
        fprintf(out, "<td>%.1f&nbsp;%%</td></tr>\n", 100 * share_of(m, a, a));
    else
        fprintf(out, "<td>-</td></tr>\n");
}

void md_confusion_print_html(const md_confusion *m, FILE *out)
{
    fprintf(out, "<div class=\"scroll\"><table class=\"confusion\"><thead><tr><th></th>");
    for (size_t p = 0; p < m->classes; p++)
        fprintf(out, "<th scope=\"col\">%zu</th>", p);
    fprintf(out, "<th scope=\"col\">right</th></tr></thead>\n<tbody>\n");
    for (size_t a = 0; a < m->classes; a++)
        print_class(m, a, out);
    fprintf(out, "</tbody></table></div>\n");
}

/* Shades of right answers above zero and of mistakes below. */
static void write_shades(FILE *script, const md_confusion *m)
{
    fprintf(script, "$shades << END\n");
    for (size_t a = 0; a < m->classes; a++)
        for (size_t p = 0; p < m->classes; p++)
            fprintf(script, "%zu %zu %.6g %lld\n", p, a,
                    a == p ? shade_of(m, a, p) : -shade_of(m, a, p), (long long)count_at(m, a, p));
    fprintf(script, "END\n");
}

md_status md_confusion_draw(const md_confusion *m, const char *title, const char *path,
                            md_error *err)
{
    md_gnuplot *plot = NULL;
    int side = 120 + 60 * (int)m->classes;
    md_status status = md_gnuplot_open(path, side, side, &plot, err);
    if (status)
        return status;
    FILE *script = md_gnuplot_script(plot);
    write_shades(script, m);
    fprintf(script, "set title ");
    md_gnuplot_quote(script, title);
    fprintf(script,
            " font ',13'\nset xlabel 'predicted'\nset ylabel 'actual'\nset size ratio -1\n"
            "set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\nset xtics 1 scale 0\n"
            "set ytics 1 scale 0\nunset key\nunset colorbox\nset cbrange [-1:1]\n"
            "set palette defined (-1 '#b2182b', 0 'white', 1 '#2166ac')\n"
            "ink(shade) = abs(shade) > %g ? 0xffffff : 0\n"
            "plot $shades using 1:2:3 with image, \\\n"
            "     $shades using 1:2:(sprintf('%%d', $4)):(ink($3)) with labels textcolor rgb "
            "variable\n",
            m->classes - 1, m->classes - 1, deep);
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}
