#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/inputs.h"
#include "mnist_dist/base/larger.h"
#include "mnist_dist/checkpoint/fields.h"

const struct argp md_diff_argp = {
    .args_doc = "A B",
    .doc = "Compares two runs (files or output folders): models, weights, optimizer state, "
           "history without its times, and the chain of digests along the way. Prints `same` "
           "or where they part. Exit code 0 when they are the same, 1 when not."};

/* Floats in the order of their values, so that neighbours are one apart (Dawson, "Comparing
 * floating point numbers", 2012). */
static int64_t ordered(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? (int64_t)INT32_MIN - bits : bits;
}

/* How two versions of one tensor differ. */
typedef struct distance {
    size_t values; /* that are not the same bits */
    double largest;
    int64_t ulps; /* floats between the two, at most */
} distance;

static distance measure(const float *x, const float *y, size_t count)
{
    distance d = {0};
    for (size_t i = 0; i < count; i++) {
        int64_t apart = llabs(ordered(x[i]) - ordered(y[i]));
        d.values += memcmp(&x[i], &y[i], sizeof x[i]) != 0;
        d.ulps = apart > d.ulps ? apart : d.ulps;
        d.largest = md_larger(d.largest, fabs((double)x[i] - (double)y[i]));
    }
    return d;
}

/* Names the tensors of the weights that differ; returns whether any does. */
static int compare_weights(const md_checkpoint *a, const md_checkpoint *b)
{
    md_layout layout;
    md_model_spec_layout(&a->model, &layout);
    int differs = 0;
    for (int i = 0; i < layout.tensor_count; i++) {
        const md_tensor *t = &layout.tensors[i];
        distance d = measure(a->parameters + t->offset, b->parameters + t->offset, t->count);
        if (d.values == 0)
            continue;
        differs = 1;
        printf("  %s/%s: %zu of %zu values differ, by up to %.3g (%lld ULP)\n",
               a->model.layers[t->layer].name, t->role, d.values, t->count, d.largest,
               (long long)d.ulps);
    }
    return differs;
}

static int compare_moments(const md_checkpoint *a, const md_checkpoint *b)
{
    static const char *const names[] = {"m", "v"};
    md_layout layout;
    md_model_spec_layout(&a->model, &layout);
    int differs = 0;
    for (int i = 0; i < 2 && i < a->moment_count && i < b->moment_count; i++) {
        distance d = measure(a->moments[i], b->moments[i], layout.parameters);
        if (d.values == 0)
            continue;
        differs = 1;
        printf("  optimizer's %s: %zu of %zu values differ, by up to %.3g\n", names[i], d.values,
               layout.parameters, d.largest);
    }
    return differs;
}

/* The digests at steps that both chains hold; returns whether they part. */
static int compare_chains(const md_checkpoint *a, const md_checkpoint *b)
{
    int64_t last_equal = -1;
    size_t i = 0, j = 0, equal = 0;
    while (i < a->chain_count && j < b->chain_count) {
        const md_chain_row *x = &a->chain[i], *y = &b->chain[j];
        if (x->step != y->step) {
            i += x->step < y->step;
            j += y->step < x->step;
            continue;
        }
        if (x->weights_xxh3 != y->weights_xxh3) {
            printf("  weights part at step %lld", (long long)x->step);
            if (equal)
                printf(", after %zu equal digests up to step %lld\n", equal, (long long)last_equal);
            else
                printf(", the first that both recorded\n");
            return 1;
        }
        last_equal = x->step;
        equal++, i++, j++;
    }
    if (equal && a->at.step != b->at.step)
        printf("  all %zu digests that both recorded are equal, up to step %lld\n", equal,
               (long long)last_equal);
    return 0;
}

static int compare_progress(const md_checkpoint *a, const md_checkpoint *b)
{
    int differs = 0;
    if (a->at.step != b->at.step) {
        printf("  A has taken %lld steps, B %lld\n", (long long)a->at.step, (long long)b->at.step);
        differs = 1;
    }
    if (a->seed != b->seed) {
        printf("  the seed is %llu in A, %llu in B\n", (unsigned long long)a->seed,
               (unsigned long long)b->seed);
        differs = 1;
    }
    if (a->optimizer.kind != b->optimizer.kind) {
        printf("  the optimizer is %s in A, %s in B\n",
               md_optimizer_describe(a->optimizer.kind)->word,
               md_optimizer_describe(b->optimizer.kind)->word);
        differs = 1;
    }
    return differs;
}

static int same_number(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

/* 1 when the two rows have one value in it, or one of them is from before the column. */
static int same_column(const md_field *field, const md_epoch_row *a, const md_epoch_row *b)
{
    double x, y;
    memcpy(&x, (const char *)a + field->offset, sizeof x);
    memcpy(&y, (const char *)b + field->offset, sizeof y);
    if (same_number(x, y) || (field->flags & MD_FIELD_LATER && (isnan(x) || isnan(y))))
        return 1;
    printf("  history parts in epoch %lld: %s is %.9g in A, %.9g in B\n", (long long)a->epoch,
           field->name, x, y);
    return 0;
}

/* Every column that a run can repeat, over the epochs both have. */
static int compare_history(const md_checkpoint *a, const md_checkpoint *b)
{
    const md_table *table = md_history_table(&a->model);
    size_t rows = a->history_count < b->history_count ? a->history_count : b->history_count;
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < table->field_count; k++) {
            const md_field *field = &table->fields[k];
            if (field->flags & MD_FIELD_REPEATABLE &&
                !same_column(field, &a->history[i], &b->history[i]))
                return 1;
        }
    return 0;
}

static int compare(const md_checkpoint *a, const md_checkpoint *b)
{
    if (!md_model_spec_equal(&a->model, &b->model)) {
        printf("  the models differ; mnist_dist inspect shows their layers\n");
        return 1;
    }
    int differs = compare_chains(a, b) | compare_progress(a, b) | compare_history(a, b);
    if (a->at.step != b->at.step)
        return 1;
    return differs | compare_weights(a, b) | compare_moments(a, b);
}

md_status md_command_diff(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    const char *files[2];
    char names[2][PATH_MAX];
    md_checkpoint *a = NULL, *b = NULL;
    md_status status = md_options_parse(&md_diff_argp, argc, argv, NULL, files, err);
    if (!status)
        status = md_open_checkpoint(files[0], names[0], &a, err);
    if (!status)
        status = md_open_checkpoint(files[1], names[1], &b, err);
    if (!status) {
        printf("A: %s\nB: %s\n", names[0], names[1]);
        int differs = compare(a, b);
        printf("%s\n", differs ? "different" : "same");
        if (differs) /* a verdict: nothing more to say */
            status = md_fail(err, MD_FAILED, "%s", "");
    }
    md_checkpoint_destroy(&a);
    md_checkpoint_destroy(&b);
    return status;
}
