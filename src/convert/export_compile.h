/* What Keras' compile() is told in config.json, so that it builds the optimizer whose state is in
 * the file. */
#ifndef MNIST_DIST_CONVERT_EXPORT_COMPILE_H
#define MNIST_DIST_CONVERT_EXPORT_COMPILE_H

#include <jansson.h>

#include "mnist_dist/convert/convert.h"

/* A new reference, or NULL when out of memory. `rate` may be NULL: constant. *scheduled: whether
 * the learning rate became one of Keras' schedules. */
json_t *md_export_compile_config(const md_checkpoint *c, const md_export_rate *rate,
                                 int *scheduled);

#endif
