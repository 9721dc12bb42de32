/* The history as curves: training and validation over epochs, the best epoch marked. Local. */
#ifndef MNIST_DIST_APP_CURVES_H
#define MNIST_DIST_APP_CURVES_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "terminal.h"

/* One panel: two columns of md_epoch_row. */
typedef struct md_curve {
    const char *title;
    size_t training, validation; /* offsets of doubles */
    int rising;                  /* 1: larger is better */
} md_curve;

enum { MD_CURVE_ACCURACY, MD_CURVE_LOSS, MD_CURVES };
extern const md_curve md_curves[MD_CURVES];

double md_curve_value(const md_epoch_row *row, size_t column);

/* The first row with the best validation value (training value where nothing was validated).
 * *column receives which of the two it was. history_count > 0. */
const md_epoch_row *md_curve_best(const md_checkpoint *c, const md_curve *curve, size_t *column);

/* `count` panels from `curves`, as a picture whose title names the run, or as text. The history is
 * not empty. */
md_status md_curves_draw(const md_checkpoint *c, const md_curve *curves, size_t count,
                         const char *title, const char *path, md_error *err);
md_status md_curves_print(const md_checkpoint *c, const md_curve *curves, size_t count, FILE *out,
                          md_error *err);

#endif
