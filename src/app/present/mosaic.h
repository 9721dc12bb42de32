/* Many small images in one picture, each with a caption: digits or weights. Local. */
#ifndef MNIST_DIST_APP_MOSAIC_H
#define MNIST_DIST_APP_MOSAIC_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"

typedef struct md_tile {
    const void *image;
    char caption[48]; /* may be empty */
    int red;          /* the caption */
} md_tile;

typedef struct md_mosaic {
    const char *title;
    int red;              /* the title */
    size_t rows, columns; /* of each image */
    size_t count, across; /* tiles in all, and in a row */
    const md_tile *tiles; /* [count] */
    size_t stride;        /* between an image's values; 1 when it lies by itself */
    double range;         /* 0: uint8_t, 255 is ink; else float, from -range red to range blue */
} md_mosaic;

md_status md_mosaic_draw(const md_mosaic *mosaic, const char *path, md_error *err);

/* One image, 255 being ink; the title is red when `wrong`. */
typedef struct md_figure {
    const uint8_t *pixels;
    size_t rows, columns;
    const char *title;
    int wrong;
} md_figure;

md_status md_figure_draw(const md_figure *figure, const char *path, md_error *err);

#endif
