#include "confusion.h"

#include <math.h>

#include "gnuplot.h"
#include "html.h"
#include "mnist_dist/base/text.h"
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

/* A class' number and, where it has one, its name. */
static void name_class(const md_scale *names, size_t number, char out[MD_SNIPPET_SIZE])
{
    char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE];
    md_text_snippet(md_scale_class(names, number, name), shown);
    if (names->class_names)
        snprintf(out, MD_SNIPPET_SIZE, "%zu %.*s", number, MD_SNIPPET_SIZE - 24, shown);
    else
        snprintf(out, MD_SNIPPET_SIZE, "%zu", number);
}

/* Ends the text after `most` characters; how many there are then. */
static int cut(char *text, int most)
{
    const char *at = text;
    int count = 0;
    while (*at && count < most && md_text_next_code_point(&at) >= 0)
        count++;
    text[at - text] = '\0';
    return count;
}

/* Of the first column: the longest name's, as far as a terminal has room. */
static int name_width(const md_confusion *m, const md_scale *names)
{
    enum { TERMINAL = 80, SCORE = 12, CELL = 6 };
    int width = CELL;
    for (size_t a = 0; a < m->classes; a++) {
        char name[MD_SNIPPET_SIZE];
        name_class(names, a, name);
        const int length = cut(name, MD_SNIPPET_SIZE);
        width = length > width ? length : width;
    }
    const int room = TERMINAL - SCORE - CELL * (int)(m->classes < 12 ? m->classes : 12);
    return width < room ? width : room > CELL ? room : CELL;
}

void md_confusion_print(const md_confusion *m, const md_scale *names, FILE *out)
{
    md_terminal t = md_terminal_detect(out);
    const int width = name_width(m, names);
    fprintf(out, "%*s  accuracy   predicted as\n%*s", width, "actual", width + 12, "");
    for (size_t p = 0; p < m->classes; p++)
        fprintf(out, "%6zu", p);
    fprintf(out, "\n");
    for (size_t a = 0; a < m->classes; a++) {
        char name[MD_SNIPPET_SIZE];
        name_class(names, a, name);
        fprintf(out, "%*s%s  ", width - cut(name, width), "", name);
        if (total_of(m, a))
            fprintf(out, "%8.4f  ", share_of(m, a, a));
        else
            fprintf(out, "%8s  ", "-");
        for (size_t p = 0; p < m->classes; p++) {
            md_terminal_colour(&t, out, p == a ? MD_BOLD : count_at(m, a, p) ? MD_RED : MD_DIM);
            fprintf(out, "%6lld", (long long)count_at(m, a, p));
            md_terminal_colour(&t, out, MD_PLAIN);
        }
        fprintf(out, "\n");
    }
}

static void print_heading(const md_scale *names, size_t class, const char *scope, FILE *out)
{
    char name[MD_CLASS_NAME];
    fprintf(out, "<th scope=\"%s\">", scope);
    md_html_text(out, md_scale_class(names, class, name));
    fprintf(out, "</th>");
}

static void print_class(const md_confusion *m, const md_scale *names, size_t a, FILE *out)
{
    fprintf(out, "<tr>");
    print_heading(names, a, "row", out);
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

void md_confusion_print_html(const md_confusion *m, const md_scale *names, FILE *out)
{
    fprintf(out, "<div class=\"scroll\"><table class=\"confusion\"><thead><tr><th></th>");
    for (size_t p = 0; p < m->classes; p++)
        print_heading(names, p, "col", out);
    fprintf(out, "<th scope=\"col\">right</th></tr></thead>\n<tbody>\n");
    for (size_t a = 0; a < m->classes; a++)
        print_class(m, names, a, out);
    fprintf(out, "</tbody></table></div>\n");
}

/* Names instead of numbers along both sides. */
static void write_names(FILE *script, const md_confusion *m, const md_scale *names)
{
    static const char *const axes[] = {"x", "y"};
    for (int axis = 0; axis < 2 && names->class_names; axis++) {
        fprintf(script, "set %stics (", axes[axis]);
        for (size_t k = 0; k < m->classes; k++) {
            char name[MD_CLASS_NAME];
            fprintf(script, "%s", k ? ", " : "");
            md_gnuplot_quote(script, md_scale_class(names, k, name));
            fprintf(script, " %zu", k);
        }
        fprintf(script, ")%s\n", axis ? "" : " rotate by -45");
    }
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

md_status md_confusion_draw(const md_confusion *m, const md_scale *names, const char *title,
                            const char *path, md_error *err)
{
    md_gnuplot *plot = NULL;
    enum { LEAST = 400 }; /* for the title */
    const int wanted = 120 + 60 * (int)m->classes, side = wanted > LEAST ? wanted : LEAST;
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
            "set ytics 1 scale 0\n",
            m->classes - 1, m->classes - 1);
    write_names(script, m, names);
    fprintf(script,
            "unset key\nunset colorbox\nset cbrange [-1:1]\n"
            "set palette defined (-1 '#b2182b', 0 'white', 1 '#2166ac')\n"
            "ink(shade) = abs(shade) > %g ? 0xffffff : 0\n"
            "plot $shades using 1:2:3 with image, \\\n"
            "     $shades using 1:2:(sprintf('%%d', $4)):(ink($3)) with labels textcolor rgb "
            "variable\n",
            deep);
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}
