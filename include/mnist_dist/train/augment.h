/* Images moved by chance: shifted, turned, made larger or smaller, sheared. Local. */
#ifndef MNIST_DIST_TRAIN_AUGMENT_H
#define MNIST_DIST_TRAIN_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/model/augmentation.h"

/* What chance depends on, and nothing else. */
typedef struct md_augment_key {
    uint64_t seed;
    uint32_t epoch, image;
} md_augment_key;

/* to[rows][columns] = from, moved about its middle. Values between pixels are interpolated, those
 * beyond the edge are the edge's. The same bits on every machine. */
void md_augment_image(const md_augmentation *most, const md_augment_key *key, size_t rows,
                      size_t columns, const float *from, float *to);

#endif
