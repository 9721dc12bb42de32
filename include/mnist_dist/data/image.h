/* One picture from a file, made into what the model was trained on. Local. */
#ifndef MNIST_DIST_DATA_IMAGE_H
#define MNIST_DIST_DATA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"

/* Reads a PNG (any depth or colour, alpha over white) or PGM (P2, P5) of up to 64 megapixels into
 * out[rows * columns], 0 paper to 255 ink. Inverts it when its border is light. A picture of rows x
 * columns is then taken as it is; any other is fitted the way MNIST was made
 * (http://yann.lecun.com/exdb/mnist): the longer side of the ink's box scaled to 20/28 of the
 * frame, the centre of mass in the middle. MD_BAD_DATA naming the file, also when it is blank. */
md_status md_image_read(const char *path, size_t rows, size_t columns, uint8_t *out, md_error *err);

/* 8-bit grey PNG; MD_FAILED, and no file, when it cannot be written. */
md_status md_image_write_png(const char *path, const uint8_t *pixels, size_t rows, size_t columns,
                             md_error *err);

#endif
