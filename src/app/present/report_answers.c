/* What the model said of the test set, as tables. */
#include <math.h>

#include "report.h"

enum { MISTAKES = 24 };
static const double deep = 0.5; /* shades from here on want white writing */

static void print_cell(int64_t count, int64_t total, int right, FILE *out)
{
    /* The root, so that rare mistakes show beside frequent right answers. */
    double shade = total ? sqrt((double)count / (double)total) : 0;
    if (count == 0)
        fprintf(out, "<td class=\"none\">0</td>");
    else
        fprintf(out, "<td class=\"%s%s\" style=\"--a:%.2f\">%lld</td>", right ? "right" : "wrong",
                shade > deep ? " deep" : "", shade, (long long)count);
}

static void print_class(const md_report *r, size_t actual, FILE *out)
{
    const size_t classes = r->predictions.classes;
    const int64_t *row = r->answers.confusions + actual * classes;
    int64_t total = 0;
    for (size_t p = 0; p < classes; p++)
        total += row[p];
    fprintf(out, "<tr><th scope=\"row\">%zu</th>", actual);
    for (size_t p = 0; p < classes; p++)
        print_cell(row[p], total, p == actual, out);
    if (total)
        fprintf(out, "<td>%.1f&nbsp;%%</td></tr>\n", 100 * (double)row[actual] / (double)total);
    else
        fprintf(out, "<td>-</td></tr>\n");
}

static void print_confusion(const md_report *r, FILE *out)
{
    fprintf(out, "<div><h3>Confusion matrix</h3>\n<div class=\"scroll\"><table class=\"confusion\">"
                 "<thead><tr><th></th>");
    for (size_t p = 0; p < r->predictions.classes; p++)
        fprintf(out, "<th scope=\"col\">%zu</th>", p);
    fprintf(out, "<th scope=\"col\">right</th></tr></thead>\n<tbody>\n");
    for (size_t a = 0; a < r->predictions.classes; a++)
        print_class(r, a, out);
    fprintf(out, "</tbody></table></div>\n<p class=\"quiet\">Rows are the actual digit, columns "
                 "what the model said; mistakes are red.</p></div>\n");
}

static void print_mistake(const md_predictions *p, size_t image, FILE *out)
{
    fprintf(out, "<figure>");
    md_report_image(p->images + image * p->rows * p->columns, p->rows, p->columns, out);
    fprintf(out,
            "<figcaption><span class=\"bad\">says %d</span>, is %d<br>%.1f&nbsp;%%&ensp;#%zu"
            "</figcaption></figure>\n",
            p->predicted[image], p->labels[image], 100 * (double)md_answer_probability(p, image),
            image);
}

static void print_mistakes(const md_report *r, FILE *out)
{
    fprintf(out,
            "<div><h3>Wrongest digits</h3>\n<p class=\"quiet\">The mistakes that the model was "
            "surest of, how probable it found them, and their number in the set.</p>\n<div "
            "class=\"digits\">\n");
    for (size_t i = 0; i < r->answers.wrong && i < MISTAKES; i++)
        print_mistake(&r->predictions, r->answers.mistakes[i], out);
    fprintf(out, "</div></div>\n");
}

void md_report_answers(const md_report *r, FILE *out)
{
    const size_t images = r->predictions.count;
    fprintf(out, "<p>%zu of %zu test images right: accuracy %.4f.</p>\n<div class=\"pair\">\n",
            r->answers.right, images, (double)r->answers.right / (double)images);
    print_confusion(r, out);
    if (r->answers.wrong)
        print_mistakes(r, out);
    fprintf(out, "</div>\n");
}
