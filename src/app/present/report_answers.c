/* What the model said of the test set, as tables. */
#include "report.h"

#include <math.h>
#include <stdlib.h>

#include "html.h"
#include "mnist_dist/train/evaluate.h"
#include "scatter.h"

enum { MISTAKES = 24 };

/* Of a class, label or target. */
static void print_name(const md_predictions *p, size_t number, FILE *out)
{
    char name[MD_CLASS_NAME];
    md_html_text(out, md_scale_class(p->scale, number, name));
}

static void print_confusion(const md_report *r, FILE *out)
{
    fprintf(out, "<div><h3>Confusion matrix</h3>\n");
    md_confusion_print_html(&r->answers.confusion, r->predictions.scale, out);
    fprintf(out, "<p class=\"quiet\">Rows are the actual class, columns what the model said; "
                 "mistakes are red.</p></div>\n");
}

static void print_mistake(const md_predictions *p, size_t image, FILE *out)
{
    fprintf(out, "<figure>");
    md_report_image(md_predictions_image(p, image), p->rows, p->columns, out);
    fprintf(out, "<figcaption><span class=\"bad\">says ");
    print_name(p, (size_t)p->predicted[image], out);
    fprintf(out, "</span>, is ");
    print_name(p, (size_t)p->labels[image], out);
    fprintf(out, "<br>%.1f&nbsp;%%&ensp;#%zu</figcaption></figure>\n",
            100 * (double)md_answer_probability(p, image), image);
}

static void print_rows(const md_report *r, FILE *out)
{
    const md_predictions *p = &r->predictions;
    fprintf(out, "<div><h3>Wrongest rows</h3>\n<table><thead><tr><th>row</th><th>is</th><th>says"
                 "</th><th>how surely</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->answers.wrong && i < MISTAKES; i++) {
        const size_t row = r->answers.mistakes[i];
        fprintf(out, "<tr><th scope=\"row\">%zu</th><td>", row);
        print_name(p, (size_t)p->labels[row], out);
        fprintf(out, "</td><td>");
        print_name(p, (size_t)p->predicted[row], out);
        fprintf(out, "</td><td>%.1f&nbsp;%%</td></tr>\n",
                100 * (double)md_answer_probability(p, row));
    }
    fprintf(out, "</tbody></table></div>\n");
}

static void print_mistakes(const md_report *r, FILE *out)
{
    if (r->predictions.rows == 1) {
        print_rows(r, out);
        return;
    }
    fprintf(out,
            "<div><h3>Wrongest digits</h3>\n<p class=\"quiet\">The mistakes that the model was "
            "surest of, how probable it found them, and their number in the set.</p>\n<div "
            "class=\"digits\">\n");
    for (size_t i = 0; i < r->answers.wrong && i < MISTAKES; i++)
        print_mistake(&r->predictions, r->answers.mistakes[i], out);
    fprintf(out, "</div></div>\n");
}

static void print_classes(const md_report *r, FILE *out)
{
    const size_t images = r->predictions.count;
    fprintf(out, "<p>%zu of %zu test %s right: accuracy %.4f.</p>\n<div class=\"pair\">\n",
            r->answers.right, images, r->predictions.rows > 1 ? "images" : "rows",
            (double)r->answers.right / (double)images);
    print_confusion(r, out);
    if (r->answers.wrong)
        print_mistakes(r, out);
    fprintf(out, "</div>\n");
}

/* Of each label how often it was told rightly. */
static void print_labels(const md_report *r, FILE *out)
{
    const md_predictions *p = &r->predictions;
    fprintf(out,
            "<p>%zu test rows.</p>\n<table><thead><tr><th>label</th><th>accuracy</th></tr>"
            "</thead>\n<tbody>\n",
            p->count);
    for (size_t k = 0; k < p->outputs; k++) {
        size_t right = 0;
        for (size_t i = k; i < p->count * p->outputs; i += p->outputs)
            right += (p->answers[i] > 0.5f) == (p->targets[i] > 0.5f);
        fprintf(out, "<tr><th scope=\"row\">");
        print_name(p, k, out);
        fprintf(out, "</th><td>%.4f</td></tr>\n", (double)right / (double)p->count);
    }
    fprintf(out, "</tbody></table>\n");
}

static float residual(const md_predictions *p, size_t at)
{
    return p->targets[at] - p->answers[at];
}

static int farthest_first(const void *a, const void *b, void *predictions)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    const float of_x = fabsf(residual(predictions, x)), of_y = fabsf(residual(predictions, y));
    if (of_x != of_y)
        return of_x < of_y ? 1 : -1;
    return x > y ? 1 : -1;
}

/* The answers that were off by most; *places is NULL when there is no memory for it. */
static void print_farthest(const md_predictions *p, FILE *out)
{
    const size_t answers = p->count * p->outputs;
    size_t *places = answers ? malloc(answers * sizeof *places) : NULL;
    if (!places)
        return;
    for (size_t i = 0; i < answers; i++)
        places[i] = i;
    qsort_r(places, answers, sizeof *places, farthest_first, (void *)p);
    fprintf(out,
            "<h3>Farthest off</h3>\n<table><thead><tr><th>row</th>%s<th>actual</th>"
            "<th>predicted</th><th>residual</th></tr></thead>\n<tbody>\n",
            p->outputs > 1 ? "<th>target</th>" : "");
    for (size_t i = 0; i < MISTAKES && i < answers; i++) {
        const size_t at = places[i];
        fprintf(out, "<tr><th scope=\"row\">%zu</th>", at / p->outputs);
        if (p->outputs > 1) {
            fprintf(out, "<td>");
            print_name(p, at % p->outputs, out);
            fprintf(out, "</td>");
        }
        fprintf(out, "<td>%.6g</td><td>%.6g</td><td>%.4g</td></tr>\n", (double)p->targets[at],
                (double)p->answers[at], (double)residual(p, at));
    }
    fprintf(out, "</tbody></table>\n");
    free(places);
}

/* As md_evaluate scores an output, from all answers at once. */
static void score(const md_predictions *p, size_t output, double *mae, double *r2)
{
    const double count = (double)p->count;
    double off = 0.0, square = 0.0, mean = 0.0, spread = 0.0;
    for (size_t i = output; i < p->count * p->outputs; i += p->outputs)
        mean += (double)p->targets[i] / count;
    for (size_t i = output; i < p->count * p->outputs; i += p->outputs) {
        const double error = (double)p->targets[i] - (double)p->answers[i];
        const double distance = (double)p->targets[i] - mean;
        off += fabs(error);
        square += error * error;
        spread += distance * distance;
    }
    *mae = off / count;
    *r2 = md_evaluate_r2(square, spread);
}

static void print_scores(const md_predictions *p, FILE *out)
{
    fprintf(out, "<table><thead><tr><th>target</th><th>mean absolute error</th><th>R&#178;</th>"
                 "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < p->outputs; k++) {
        double mae, r2;
        score(p, k, &mae, &r2);
        fprintf(out, "<tr><th scope=\"row\">");
        print_name(p, k, out);
        fprintf(out, "</th><td>%.6g</td><td>%.4f</td></tr>\n", mae, r2);
    }
    fprintf(out, "</tbody></table>\n");
}

static void print_numbers(const md_report *r, FILE *out)
{
    const md_predictions *p = &r->predictions;
    fprintf(out, "<p>%zu test rows.</p>\n", p->count);
    print_scores(p, out);
    fprintf(out, "<div class=\"pair\">\n");
    for (size_t k = 0; k < p->outputs && k < MD_SCATTERS; k++) {
        const md_scatter predicted = md_scatter_make(p, MD_SCATTER_PREDICTED, k);
        const md_scatter residuals = md_scatter_make(p, MD_SCATTER_RESIDUALS, k);
        md_scatter_print_svg(&predicted, out);
        md_scatter_print_svg(&residuals, out);
    }
    fprintf(out, "</div>\n");
    print_farthest(p, out);
}

const char *md_report_lacks(const md_report *r)
{
    static const char *const words[] = {[MD_ANSWER_CLASS] = "confusion matrix and wrongest digits",
                                        [MD_ANSWER_LABELS] = "the labels' accuracies",
                                        [MD_ANSWER_NUMBERS] = "predicted numbers and residuals"};
    return words[md_model_spec_answer(&r->checkpoint->model)];
}

void md_report_answers(const md_report *r, FILE *out)
{
    switch (r->predictions.answer) {
    case MD_ANSWER_CLASS:
        print_classes(r, out);
        break;
    case MD_ANSWER_LABELS:
        print_labels(r, out);
        break;
    case MD_ANSWER_NUMBERS:
        print_numbers(r, out);
    }
}
