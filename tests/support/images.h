/* Random images in each of the forms that nn takes, a pure function of the arguments. Local. */
#ifndef MNIST_DIST_TEST_SUPPORT_IMAGES_H
#define MNIST_DIST_TEST_SUPPORT_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/sparse_row.h"

typedef struct md_images {
    size_t n, pixels;
    uint8_t *bytes;      /* [n][pixels] */
    float *floats;       /* [n][pixels], bytes / 255 */
    double *doubles;     /* the same */
    md_sparse_row *rows; /* [n] */
    int32_t *labels;     /* [n], below classes */
    uint32_t *ids;       /* [n], not in order */
    uint16_t *index;
    uint8_t *value;
} md_images;

/* About `density` of all pixels are not zero; every seventh image is empty unless density is 1. */
md_images md_images_create(size_t n, size_t pixels, unsigned classes, double density);
void md_images_destroy(md_images *images);

/* count values uniform in [low, high). */
void md_fill_uniform(float *x, size_t count, float low, float high, uint64_t seed);

#endif
