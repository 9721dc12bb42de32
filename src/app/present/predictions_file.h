/* Predictions over a whole set as a file for other tools. Local. */
#ifndef MNIST_DIST_APP_PREDICTIONS_FILE_H
#define MNIST_DIST_APP_PREDICTIONS_FILE_H

#include "cli/inputs.h"

/* The columns index,label,predicted,p0,p1,...; labels that are not known are empty; "-" is stdout.
 */
md_status md_predictions_write_csv(const md_predictions *predictions, const char *path,
                                   md_error *err);

/* /label i32 [n], /predicted i32 [n], /probabilities f32 [n][classes]. */
md_status md_predictions_write_h5(const md_predictions *predictions, const char *path,
                                  md_error *err);

#endif
