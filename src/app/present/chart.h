/* A run's history as charts over epochs: what to show, its scale, ticks and best epoch, found once
 * and drawn as a picture, as text and as SVG. Local. */
#ifndef MNIST_DIST_APP_CHART_H
#define MNIST_DIST_APP_CHART_H

#include <stdio.h>

#include "mnist_dist/checkpoint/metric.h"

enum { MD_CHART_SERIES = 2 };

typedef enum md_chart_best { MD_NONE_BEST, MD_LOWEST_BEST, MD_HIGHEST_BEST } md_chart_best;

/* Which columns of the history make a chart. */
typedef struct md_chart_kind {
    const char *title;
    struct {
        const char *name; /* NULL: there are fewer series */
        size_t column;    /* offset of a double in md_epoch_row */
    } series[MD_CHART_SERIES];
    md_chart_best best;
} md_chart_kind;

extern const md_chart_kind md_chart_accuracy, md_chart_mae, md_chart_loss;

/* The one of the two that the model is judged by. */
const md_chart_kind *md_chart_of_metric(const md_model_spec *spec);

/* From low to high, with ticks at first, first + step, ... */
typedef struct md_axis {
    double low, high, first, step;
    int ticks, decimals; /* decimals: that tell the ticks apart */
} md_axis;

typedef struct md_chart {
    const md_chart_kind *kind;
    const md_metric *metric;  /* says how values are written */
    const md_epoch_row *rows; /* the checkpoint's own */
    size_t count;
    int series;               /* the last ones without a single number are left out */
    md_axis epochs, values;   /* whole epochs; values between the outermost ticks */
    const md_epoch_row *best; /* the first with the last series' best value; NULL: none */
    double best_value;
} md_chart;

/* The history is not empty; *out borrows it. */
void md_chart_make(const md_checkpoint *c, const md_chart_kind *kind, md_chart *out);

/* The point's value, or NaN, a gap, where it is no finite number. */
double md_chart_value(const md_chart *chart, int series, size_t point);

/* An axis of values from low to high, widened to whole steps. */
md_axis md_axis_make(double low, double high);

double md_axis_tick(const md_axis *axis, int i);

/* A tick's label. Returns `out`. */
enum { MD_AXIS_TEXT = 32 };
const char *md_axis_text(const md_axis *axis, int i, char out[MD_AXIS_TEXT]);

/* How far along the axis: 0 at its low end, 1 at the high one. */
double md_axis_share(const md_axis *axis, double value);

/* `count` charts, one below the other. */
md_status md_charts_draw(const md_chart *charts, size_t count, const char *title, const char *path,
                         md_error *err);
md_status md_charts_print(const md_chart *charts, size_t count, FILE *out, md_error *err);

/* A figure of the report's page. */
void md_chart_print_svg(const md_chart *chart, FILE *out);

#endif
