#include "predictions_file.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/whole_file.h"
#include "mnist_dist/hdf5/h5.h"
#include "process/output.h"

/* In quotes where those are needed (RFC 4180). */
static void print_cell(const char *name, FILE *out)
{
    const int quoted = strpbrk(name, ",\"\r\n") != NULL;
    if (quoted)
        fputc('"', out);
    for (const char *c = name; *c; c++) {
        if (*c == '"')
            fputc('"', out);
        fputc(*c, out);
    }
    if (quoted)
        fputc('"', out);
}

/* Its name where it has one. */
static void print_class(const md_predictions *p, int32_t number, FILE *out)
{
    char name[MD_CLASS_NAME];
    print_cell(md_scale_class(p->scale, (size_t)number, name), out);
}

/* A heading for each output, of several with its name or number: "predicted_price", "predicted1".
 */
static void print_headings(const md_predictions *p, const char *word, FILE *out)
{
    for (size_t k = 0; k < p->outputs; k++) {
        char name[MD_CLASS_NAME] = "", cell[MD_CLASS_NAME + 32];
        if (p->outputs > 1)
            md_scale_class(p->scale, k, name);
        snprintf(cell, sizeof cell, "%s%s%s", word, name[0] && p->scale->class_names ? "_" : "",
                 name);
        fputc(',', out);
        print_cell(cell, out);
    }
}

static void print_values(const float *values, size_t count, const char *format, FILE *out)
{
    for (size_t k = 0; k < count; k++) {
        fputc(',', out);
        fprintf(out, format, (double)values[k]);
    }
}

static int says_yes(float probability)
{
    return probability > 0.5f;
}

/* The only output of two classes is the probability of class 1. */
static void print_classes(const md_predictions *p, FILE *out)
{
    fprintf(out, "index%s,predicted", p->labels ? ",label" : "");
    for (size_t c = p->classes - p->outputs; c < p->classes; c++)
        fprintf(out, ",p%zu", c);
    fputc('\n', out);
    for (size_t i = 0; i < p->count; i++) {
        fprintf(out, "%zu,", i);
        if (p->labels) {
            print_class(p, p->labels[i], out);
            fputc(',', out);
        }
        print_class(p, p->predicted[i], out);
        print_values(p->answers + i * p->outputs, p->outputs, "%.6g", out);
        fputc('\n', out);
    }
}

static void print_labels(const md_predictions *p, FILE *out)
{
    fputs("index", out);
    if (p->targets)
        print_headings(p, "label", out);
    print_headings(p, "predicted", out);
    print_headings(p, "p", out);
    fputc('\n', out);
    for (size_t i = 0; i < p->count; i++) {
        const float *answers = p->answers + i * p->outputs;
        fprintf(out, "%zu", i);
        if (p->targets)
            print_values(p->targets + i * p->outputs, p->outputs, "%.9g", out);
        for (size_t k = 0; k < p->outputs; k++)
            fprintf(out, ",%d", says_yes(answers[k]));
        print_values(answers, p->outputs, "%.6g", out);
        fputc('\n', out);
    }
}

/* With all digits that tell floats apart. */
static void print_numbers(const md_predictions *p, FILE *out)
{
    fputs("index", out);
    if (p->targets)
        print_headings(p, "target", out);
    print_headings(p, "predicted", out);
    fputc('\n', out);
    for (size_t i = 0; i < p->count; i++) {
        fprintf(out, "%zu", i);
        if (p->targets)
            print_values(p->targets + i * p->outputs, p->outputs, "%.9g", out);
        print_values(p->answers + i * p->outputs, p->outputs, "%.9g", out);
        fputc('\n', out);
    }
}

static void print_rows(const void *predictions, FILE *out)
{
    const md_predictions *p = predictions;
    switch (p->answer) {
    case MD_ANSWER_CLASS:
        print_classes(p, out);
        break;
    case MD_ANSWER_LABELS:
        print_labels(p, out);
        break;
    case MD_ANSWER_NUMBERS:
        print_numbers(p, out);
    }
}

md_status md_predictions_write_csv(const md_predictions *p, const char *path, md_error *err)
{
    return md_output_print(path, print_rows, p, err);
}

/* Which labels are found to be true, i4 [count][outputs]. */
static void put_found(md_h5 *f, const md_predictions *p)
{
    const md_h5_array found = {MD_H5_I32, {2, {p->count, p->outputs}}};
    int32_t *says;
    if (f->status)
        return;
    f->status = md_allocate((void **)&says, p->count * p->outputs, sizeof *says, "labels", f->err);
    if (f->status)
        return;
    for (size_t i = 0; i < p->count * p->outputs; i++)
        says[i] = says_yes(p->answers[i]);
    md_h5_put_array(f, "/predicted", &found, says);
    free(says);
}

static void put_arrays(md_h5 *f, const md_predictions *p)
{
    const md_h5_array classes = {MD_H5_I32, {1, {p->count}}};
    const md_h5_array floats = {MD_H5_F32, {2, {p->count, p->outputs}}};
    const int numbers = p->answer == MD_ANSWER_NUMBERS;
    if (p->labels)
        md_h5_put_array(f, "/label", &classes, p->labels);
    if (p->targets)
        md_h5_put_array(f, numbers ? "/target" : "/label", &floats, p->targets);
    if (p->predicted)
        md_h5_put_array(f, "/predicted", &classes, p->predicted);
    if (p->answer == MD_ANSWER_LABELS)
        put_found(f, p);
    md_h5_put_array(f, numbers ? "/predicted" : "/probabilities", &floats, p->answers);
}

md_status md_predictions_write_h5(const md_predictions *p, const char *path, md_error *err)
{
    md_h5 f;
    md_bytes image = {0};
    if (!md_h5_create(&f, path, err)) {
        put_arrays(&f, p);
        md_h5_image(&f, &image);
    }
    md_status status = md_h5_close(&f);
    if (!status)
        status = md_whole_file_write(path, &image, err);
    md_bytes_free(&image);
    return status;
}
