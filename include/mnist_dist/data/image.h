/* One picture from a file, made into what the model was trained on. Local. */
#ifndef MNIST_DIST_DATA_IMAGE_H
#define MNIST_DIST_DATA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/util/error.h"

/* Reads a PNG (any depth or colour, alpha over white) or PGM (P2, P5) of any size, inverts it when
 * its border says that it is dark ink on light paper, and fits the ink into rows x columns the way
 * MNIST was made: the longer side of the ink's box scaled to 20/28 of the frame, centred by centre
 * of mass, 0 background to 255 ink. A picture that already has rows x columns and a dark border
 * is taken as it is. MD_BAD_DATA naming the file. */
md_status md_image_read(const char *path, size_t rows, size_t columns, uint8_t *out, md_error *err);

/* 8-bit grey PNG. */
md_status md_image_write_png(const char *path, const uint8_t *pixels, size_t rows, size_t columns,
                             md_error *err);

#endif
