/* A picture of any size in shades of grey, as read from a file that is not trusted. */
#ifndef MNIST_DIST_DATA_PICTURE_H
#define MNIST_DIST_DATA_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"

typedef struct md_picture {
    size_t width, height;
    uint8_t *grey; /* [height][width], 0 black to 255 white; free() it */
} md_picture;

typedef struct md_picture_file {
    const char *path;
    FILE *stream;
    uint64_t size; /* bytes */
} md_picture_file;

/* A size that the file claims, and what bounds it. */
typedef struct md_picture_claim {
    uint64_t width, height;
    uint64_t most;          /* pixels that a file of this size can hold */
    size_t bytes_per_pixel; /* while reading */
} md_picture_claim;

/* Allocates a picture after checking its claim. */
md_status md_picture_allocate(const md_picture_file *file, const md_picture_claim *claim,
                              md_picture *out, md_error *err);

/* Both read from the file's beginning and leave out->grey NULL on error. */
md_status md_picture_read_png(const md_picture_file *file, md_picture *out, md_error *err);
md_status md_picture_read_pgm(const md_picture_file *file, md_picture *out, md_error *err);

/* Takes over what the picture shows the way MNIST was made, see md_image_read. Changes *picture. */
md_status md_picture_fit(md_picture *picture, const char *path, size_t rows, size_t columns,
                         uint8_t *out, md_error *err);

#endif
