/* A data set in memory, laid out in one block that a node's ranks share: bytes or floats as they
 * are, or only the non-zero pixels (compressed rows) when that pays. Local: the block is the
 * caller's. */
#ifndef MNIST_DIST_DATA_STORE_H
#define MNIST_DIST_DATA_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/sparse_row.h"
#include "mnist_dist/data/samples.h"
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
    int32_t storage;      /* MD_STORAGE_DENSE or MD_STORAGE_SPARSE */
    int32_t element;      /* md_element: of the features */
    int32_t scale;        /* md_scale_kind */
    int32_t classes;      /* 1 + the largest label; 0: there are targets */
    size_t named;         /* names of classes that are known */
    size_t targets;       /* numbers of each sample; 0: there are labels, or none */
    double density;       /* share of features that are not 0 in the first split that has images */
    size_t bytes;         /* the block's size */
    size_t mean, inverse; /* of the scale: f32 [features] each */
    size_t labels[2], values[2];             /* by split: i32 [n], f32 [n][targets]; 0: none */
    size_t pixels[2];                        /* dense: elements [n][features] */
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

/* Plans the block for samples that were read (borrowed): decides the storage and fills *plan, whose
 * `bytes` is the size to allocate. Only bytes that the model sees as v / 255 can be sparse rows:
 * MD_USAGE when they are asked for and impossible (also over 65536 pixels). */
md_status md_store_plan(const md_samples *samples, md_storage wanted, md_store_header *plan,
                        md_error *err);
void md_store_fill(const md_store_header *plan, const md_samples *samples, void *block);

/* Uses a filled block, here or on another rank. */
md_store md_store_view(const void *block);

md_storage md_store_storage(const md_store *store); /* dense or sparse */
size_t md_store_images(const md_store *store, md_split split);
size_t md_store_features(const md_store *store); /* rows * columns */
/* [n], and [n][targets]; NULL: there are none. */
const int32_t *md_store_labels(const md_store *store, md_split split);
const float *md_store_values(const md_store *store, md_split split);
md_sparse_row md_store_sparse_row(const md_store *store, md_split split, size_t image);

/* One sample's features as they were read, rows * columns elements, whatever the storage. */
void md_store_sample(const md_store *store, md_split split, size_t image, void *out);
/* As the model sees them. */
void md_store_scaled(const md_store *store, md_split split, size_t image, float *out);
/* As shades to be shown: bytes as they are; floats from the sample's least, or 0 if that is less
 * still, to its largest. */
void md_store_image(const md_store *store, md_split split, size_t image, uint8_t *out);

/* XXH3-64 of the whole block: equal on every node that read the same data. */
uint64_t md_store_digest(const md_store *store);

#endif
