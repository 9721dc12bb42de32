/* A data set in memory, laid out in one block that a node's ranks share: bytes as they are, or only
 * the non-zero pixels (compressed rows) when that pays. Local: the block is the caller's. */
#ifndef MNIST_DIST_DATA_STORE_H
#define MNIST_DIST_DATA_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/sparse_row.h"
#include "mnist_dist/data/source.h"
#include "mnist_dist/data/storage_list.h"

/* "auto", "dense" or "sparse"; and back, with any other word as MD_STORAGE_AUTO. */
const char *md_storage_word(md_storage storage);
md_storage md_storage_find(const char *word);

/* Below this share of non-zero pixels compressed rows win; measured (bench/README.md). */
#define MD_SPARSE_DENSITY 0.35

/* The block's first bytes: everything needed to use it from another rank. Offsets are in bytes from
 * the start of the block. */
typedef struct md_store_header {
    md_source_shape shape;
    int32_t storage;             /* MD_STORAGE_DENSE or MD_STORAGE_SPARSE */
    int32_t classes;             /* 1 + the largest label */
    double density;              /* share of non-zero pixels in the first split that has images */
    size_t bytes;                /* the block's size */
    size_t labels[2], pixels[2]; /* by split; dense: u8 [n][features] */
    size_t row_start[2], index[2], value[2]; /* sparse: u64 [n+1], u16 [nnz], u8 [nnz] */
} md_store_header;

/* `count` images of `split` from `begin`. */
typedef struct md_image_range {
    md_split split;
    size_t begin, count;
} md_image_range;

/* A view of a block. */
typedef struct md_store {
    const md_store_header *header;
    const uint8_t *base;
} md_store;

/* Plans the block for images already read (images[split], labels[split], borrowed): decides the
 * storage and fills *plan, whose `bytes` is the size to allocate. MD_USAGE when sparse storage is
 * asked for and impossible (over 65536 pixels). */
md_status md_store_plan(const md_source_shape *shape, uint8_t *const images[2],
                        uint8_t *const labels[2], md_storage wanted, md_store_header *plan,
                        md_error *err);
void md_store_fill(const md_store_header *plan, uint8_t *const images[2], uint8_t *const labels[2],
                   void *block);

/* Uses a filled block, here or on another rank. */
md_store md_store_view(const void *block);

md_storage md_store_storage(const md_store *store); /* dense or sparse */
size_t md_store_images(const md_store *store, md_split split);
size_t md_store_features(const md_store *store); /* rows * columns */
const uint8_t *md_store_labels(const md_store *store, md_split split);
md_sparse_row md_store_sparse_row(const md_store *store, md_split split, size_t image);
/* The image's bytes into out[rows * columns], whatever the storage. */
void md_store_image(const md_store *store, md_split split, size_t image, uint8_t *out);

/* XXH3-64 of the whole block: equal on every node that read the same data. */
uint64_t md_store_digest(const md_store *store);

#endif
