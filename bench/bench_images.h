/* Images to measure with, as compressed rows. Local. */
#ifndef MNIST_DIST_BENCH_BENCH_IMAGES_H
#define MNIST_DIST_BENCH_BENCH_IMAGES_H

#include "mnist_dist/data/store.h"

typedef struct md_bench_images {
    md_store store; /* sparse; the training split only */
    void *block;
} md_bench_images;

/* The training images of `source`, as md_source_open takes it. */
md_status md_bench_images_read(const char *source, md_bench_images *out, md_error *err);

/* Noise of a given density: `count` images of rows x columns, 10 classes. */
md_status md_bench_images_draw(const md_source_shape *shape, double density, md_bench_images *out,
                               md_error *err);

void md_bench_images_free(md_bench_images *images); /* zeroed or filled */

#endif
