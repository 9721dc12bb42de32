/* One image as its non-zero pixels, the form in which data/ keeps it and nn/ computes with it. */
#ifndef MNIST_DIST_BASE_SPARSE_ROW_H
#define MNIST_DIST_BASE_SPARSE_ROW_H

#include <stdint.h>

/* In ascending pixel order; value v counts as v / 255. Borrowed from the data store. */
typedef struct md_sparse_row {
    const uint16_t *index;
    const uint8_t *value;
    uint32_t count;
} md_sparse_row;

#endif
