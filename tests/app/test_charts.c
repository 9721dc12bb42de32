#include "present/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"
#include "specs.h"

/* A checkpoint of a tiny model with one row of history per value. */
static md_checkpoint *with_history(const double *accuracy, const double *val_accuracy, size_t n)
{
    const md_layer_spec layer = md_dense(2, MD_SOFTMAX);
    const md_model_spec spec = md_spec(1, 2, 1, &layer);
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

static md_chart make(const md_checkpoint *c, const md_chart_kind *kind)
{
    md_chart chart;
    md_chart_make(c, kind, &chart);
    return chart;
}

static void the_best_is_the_first_best_validation(void)
{
    const double training[] = {0.1, 0.5, 0.8, 0.9}, validation[] = {0.2, 0.7, 0.7, 0.6};
    md_checkpoint *c = with_history(training, validation, 4);
    md_chart accuracy = make(c, &md_chart_accuracy), loss = make(c, &md_chart_loss);
    CU_ASSERT_EQUAL(accuracy.series, 2);
    CU_ASSERT_EQUAL(accuracy.best->epoch, 2);
    CU_ASSERT_EQUAL(accuracy.best_value, 0.7);
    CU_ASSERT_EQUAL(loss.best->epoch, 2);
    CU_ASSERT_EQUAL(loss.best_value, 1 - 0.7);
    md_checkpoint_destroy(&c);
}

static void without_validation_training_counts(void)
{
    const double training[] = {0.1, 0.5, 0.4};
    md_checkpoint *c = with_history(training, NULL, 3);
    md_chart chart = make(c, &md_chart_accuracy);
    CU_ASSERT_EQUAL(chart.series, 1);
    CU_ASSERT_EQUAL(chart.best->epoch, 2);
    md_checkpoint_destroy(&c);
}

static void what_is_no_number_is_a_gap(void)
{
    const double training[] = {0.5, NAN, INFINITY, 0.7}, validation[] = {NAN, 0.6, NAN, NAN};
    md_checkpoint *c = with_history(training, validation, 4);
    md_chart chart = make(c, &md_chart_accuracy);
    CU_ASSERT_EQUAL(md_chart_value(&chart, 0, 0), 0.5);
    CU_ASSERT(isnan(md_chart_value(&chart, 0, 1)) && isnan(md_chart_value(&chart, 0, 2)));
    CU_ASSERT_EQUAL(chart.best->epoch, 2);
    CU_ASSERT(chart.values.low <= 0.5 && chart.values.high >= 0.7 && chart.values.high < 0.8);
    md_checkpoint_destroy(&c);
    const double nothing[] = {NAN, NAN};
    c = with_history(nothing, NULL, 2);
    chart = make(c, &md_chart_loss);
    CU_ASSERT_PTR_NULL(chart.best);
    CU_ASSERT(chart.series == 1 && chart.values.high > chart.values.low);
    md_checkpoint_destroy(&c);
}

/* Steps of 1, 2 or 5 times a power of ten, and whole epochs. */
static void ticks_are_round(void)
{
    static const struct {
        size_t epochs;
        double step, first;
        int ticks;
    } cases[] = {{1, 1, 1, 1}, {2, 1, 1, 2}, {11, 1, 1, 11}, {12, 2, 2, 6}, {60, 10, 10, 6}};
    double rising[60];
    for (size_t i = 0; i < 60; i++)
        rising[i] = 0.31 + 0.01 * (double)i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        md_checkpoint *c = with_history(rising, NULL, cases[i].epochs);
        md_chart chart = make(c, &md_chart_accuracy);
        CU_ASSERT_EQUAL(chart.epochs.step, cases[i].step);
        CU_ASSERT_EQUAL(chart.epochs.first, cases[i].first);
        CU_ASSERT_EQUAL(chart.epochs.ticks, cases[i].ticks);
        CU_ASSERT(chart.values.ticks >= 3 && chart.values.ticks <= 7);
        CU_ASSERT_DOUBLE_EQUAL(md_axis_tick(&chart.values, chart.values.ticks - 1),
                               chart.values.high, 1e-12);
        md_checkpoint_destroy(&c);
    }
}

/* The panels as text (malloc'ed). */
static char *print(const md_checkpoint *c)
{
    const md_chart charts[] = {make(c, &md_chart_accuracy), make(c, &md_chart_loss)};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_EQUAL(md_charts_print(charts, 2, out, NULL), MD_OK);
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
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "    0.8"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "    0.2"));
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

const char md_suite[] = "app.charts";
CU_TestInfo md_tests[] = {
    {"the best is the first best validation", the_best_is_the_first_best_validation},
    {"without validation training counts", without_validation_training_counts},
    {"what is no number is a gap", what_is_no_number_is_a_gap},
    {"ticks are round", ticks_are_round},
    {"panels name what they show", panels_name_what_they_show},
    {"one epoch and equal values are drawn", one_epoch_and_equal_values_are_drawn},
    CU_TEST_INFO_NULL};
