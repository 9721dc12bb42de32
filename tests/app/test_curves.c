#include "present/curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

/* A checkpoint of a tiny model with one row of history per value. */
static md_checkpoint *with_history(const double *accuracy, const double *val_accuracy, size_t n)
{
    md_model_spec spec = {.rows = 1, .columns = 2, .layer_count = 1};
    spec.layers[0] = (md_layer_spec){.kind = MD_LAYER_DENSE, .units = 2, .activation = MD_SOFTMAX};
    md_model_spec_name_layers(&spec);
    md_checkpoint *c;
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_create(&spec, 0, &c, NULL), MD_OK);
    for (size_t i = 0; i < n; i++) {
        const md_epoch_row row = {.epoch = (int64_t)i + 1,
                                  .accuracy = accuracy[i],
                                  .val_accuracy = val_accuracy ? val_accuracy[i] : NAN,
                                  .loss = 1 - accuracy[i],
                                  .val_loss = val_accuracy ? 1 - val_accuracy[i] : NAN};
        CU_ASSERT_EQUAL(md_checkpoint_add_epoch(c, &row, NULL), MD_OK);
    }
    return c;
}

static int64_t best_epoch(const md_checkpoint *c, int panel, size_t *column)
{
    return md_curve_best(c, &md_curves[panel], column)->epoch;
}

static void the_best_is_the_first_best_validation(void)
{
    const double training[] = {0.1, 0.5, 0.8, 0.9}, validation[] = {0.2, 0.7, 0.7, 0.6};
    md_checkpoint *c = with_history(training, validation, 4);
    size_t column;
    CU_ASSERT_EQUAL(best_epoch(c, MD_CURVE_ACCURACY, &column), 2);
    CU_ASSERT_EQUAL(column, offsetof(md_epoch_row, val_accuracy));
    CU_ASSERT_EQUAL(best_epoch(c, MD_CURVE_LOSS, &column), 2);
    CU_ASSERT_EQUAL(column, offsetof(md_epoch_row, val_loss));
    md_checkpoint_destroy(&c);
}

static void without_validation_training_counts(void)
{
    const double training[] = {0.1, 0.5, 0.4};
    md_checkpoint *c = with_history(training, NULL, 3);
    size_t column;
    CU_ASSERT_EQUAL(best_epoch(c, MD_CURVE_ACCURACY, &column), 2);
    CU_ASSERT_EQUAL(column, offsetof(md_epoch_row, accuracy));
    md_checkpoint_destroy(&c);
}

/* The panels as text (malloc'ed). */
static char *print(const md_checkpoint *c)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_EQUAL(md_curves_print(c, md_curves, MD_CURVES, out, NULL), MD_OK);
    fclose(out);
    return text;
}

static int occurrences(const char *text, char letter)
{
    int count = 0;
    for (; *text; text++)
        count += *text == letter;
    return count;
}

static void panels_name_what_they_show(void)
{
    const double training[] = {0.25, 0.5, 0.75}, validation[] = {0.5, 0.65, 0.6};
    md_checkpoint *c = with_history(training, validation, 3);
    char *text = print(c);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Accuracy "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "best 0.6500 in epoch 2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "best 0.3500 in epoch 2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 0.7500"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 0.2500"));
    CU_ASSERT_EQUAL(occurrences(text, '*'), 4); /* title and mark, twice */
    free(text);
    md_checkpoint_destroy(&c);
}

static void one_epoch_and_equal_values_are_drawn(void)
{
    const double training[] = {0.5};
    md_checkpoint *c = with_history(training, NULL, 1);
    char *text = print(c);
    CU_ASSERT_PTR_NULL(strstr(text, "validation"));
    CU_ASSERT_PTR_NULL(strstr(text, "nan"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "best 0.5000 in epoch 1"));
    free(text);
    md_checkpoint_destroy(&c);
}

const char md_suite[] = "app.curves";
CU_TestInfo md_tests[] = {
    {"the best is the first best validation", the_best_is_the_first_best_validation},
    {"without validation training counts", without_validation_training_counts},
    {"panels name what they show", panels_name_what_they_show},
    {"one epoch and equal values are drawn", one_epoch_and_equal_values_are_drawn},
    CU_TEST_INFO_NULL};
