/* Where a command's page or table goes. Local. */
#ifndef MNIST_DIST_APP_OUTPUT_H
#define MNIST_DIST_APP_OUTPUT_H

#include "mnist_dist/base/bytes.h"

/* What `print` writes becomes the file at path, whole or not at all; "-" stands for standard
 * output. */
md_status md_output_print(const char *path, md_printer print, const void *context, md_error *err);

#endif
