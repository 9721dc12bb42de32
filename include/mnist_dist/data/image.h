/* One picture from a file, made into what the model was trained on. Local. */
#ifndef MNIST_DIST_DATA_IMAGE_H
#define MNIST_DIST_DATA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"

typedef enum md_image_use {
    MD_IMAGE_FITTED, /* what is written on it, laid out like a training image */
    MD_IMAGE_AS_IS   /* its pixels untouched; it must have the model's size */
} md_image_use;

/* Reads a picture of up to 64 megapixels (PNG, JPEG, PNM, TIFF, BMP or WebP, told apart by content;
 * transparency and a camera's orientation are heeded) into out[rows * columns], 0 paper to 255 ink.
 *
 * Fitted: paper is what most of the picture shows, ink what differs from it on the side, darker or
 * lighter, where there is more of it; specks and strips along the edges are left out. The strokes
 * are then laid out the way MNIST was made (http://yann.lecun.com/exdb/mnist): the longer side of
 * their box scaled to 20/28 of the frame, the centre of mass in the middle. A picture of the
 * model's size that is laid out like a training image already, light ink in the middle of pure
 * black, is taken as it is.
 *
 * MD_BAD_DATA naming the file, also when no ink is found. While it reads, nothing that the process
 * writes to stderr is seen: the libraries beneath write there on their own. */
md_status md_image_read(const char *path, md_image_use use, size_t rows, size_t columns,
                        uint8_t *out, md_error *err);

#endif
