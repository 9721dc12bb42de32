/* What a model is judged by, as the history has it: accuracy, or the mean absolute error of a model
 * that answers with numbers. Local. */
#ifndef MNIST_DIST_CHECKPOINT_METRIC_H
#define MNIST_DIST_CHECKPOINT_METRIC_H

#include "mnist_dist/checkpoint/checkpoint.h"

typedef struct md_metric {
    const char *word, *val_word; /* "accuracy", "val_accuracy": the history's columns */
    const char *brief;           /* "acc", where there is little room */
    int significant;             /* digits of its values, and of losses; 0: four decimals */
    int rises;                   /* the larger the better */
    size_t offset, val_offset;   /* of md_epoch_row */
} md_metric;

const md_metric *md_metric_of(const md_model_spec *spec);

double md_metric_trained(const md_metric *metric, const md_epoch_row *row);
double md_metric_validated(const md_metric *metric, const md_epoch_row *row);

enum { MD_METRIC_TEXT = 32 };

/* A value, or a loss, as text; "nan" where there is none. Returns `out`. */
const char *md_metric_text(const md_metric *metric, double value, char out[MD_METRIC_TEXT]);

/* Is the value a number, and better than the best, which is NaN where there is none? */
int md_metric_improves(const md_metric *metric, double value, double best);

#endif
