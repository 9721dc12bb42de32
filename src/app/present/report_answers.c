/* What the model said of the test set, as tables. */
#include "report.h"

enum { MISTAKES = 24 };

static void print_confusion(const md_report *r, FILE *out)
{
    fprintf(out, "<div><h3>Confusion matrix</h3>\n");
    md_confusion_print_html(&r->answers.confusion, out);
    fprintf(out, "<p class=\"quiet\">Rows are the actual digit, columns what the model said; "
                 "mistakes are red.</p></div>\n");
}

static void print_mistake(const md_predictions *p, size_t image, FILE *out)
{
    fprintf(out, "<figure>");
    md_report_image(md_predictions_image(p, image), p->rows, p->columns, out);
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
