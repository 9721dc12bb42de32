/* Actual against predicted classes, as text, as a picture and on a page. Local. */
#ifndef MNIST_DIST_APP_CONFUSION_H
#define MNIST_DIST_APP_CONFUSION_H

#include <stdio.h>

#include "mnist_dist/train/evaluate.h"

/* Per-class accuracy and the matrix as text, at most 80 columns wide for 10 classes. `names` has
 * those of classes, if there are any. */
void md_confusion_print(const md_confusion *m, const md_scale *names, FILE *out);
void md_confusion_print_html(const md_confusion *m, const md_scale *names, FILE *out);
md_status md_confusion_draw(const md_confusion *m, const md_scale *names, const char *title,
                            const char *path, md_error *err);

#endif
