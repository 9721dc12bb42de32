/* Internal to the store: what a rank reads of a streamed one. */
#ifndef MNIST_DIST_DATA_STORE_STREAMED_H
#define MNIST_DIST_DATA_STORE_STREAMED_H

#include "mnist_dist/data/store.h"

/* One sample's features; zeros where they cannot be read, which md_store_check tells. */
void md_store_read(const md_store *store, md_split split, size_t image, void *out);

#endif
