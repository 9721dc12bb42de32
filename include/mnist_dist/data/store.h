/* A data set in memory, laid out in one block that a node's ranks share: bytes or floats as they
 * are, or only the non-zero pixels (compressed rows) when that pays. Of a streamed data set the
 * block holds all but the features, which each rank reads out of their file with readers of its
 * own. Local: the block is the caller's. */
#ifndef MNIST_DIST_DATA_STORE_H
#define MNIST_DIST_DATA_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/sparse_row.h"
#include "mnist_dist/data/chunk_order.h"
#include "mnist_dist/data/feature_reader.h"
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
    /* Streamed, else 0: where the features are, */
    size_t files[2], pieces[2], nonzero[2], sha256[2];
    size_t chunk, window;  /* and samples of a training chunk, chunks of a window, */
    size_t window_nonzero; /* and how many features of a window can at most not be 0 */
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
    struct md_store_reading *reading[2]; /* streamed: this rank's own, by split */
} md_store;

/* Plans the block for samples that were read (borrowed): decides the storage and fills *plan, whose
 * `bytes` is the size to allocate. Only bytes that the model sees as v / 255 can be sparse rows:
 * MD_USAGE when they are asked for and impossible (also over 65536 pixels), and when the window of
 * streamed ones is too small for the file's chunks. */
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

/* The non-zero pixels of an image's bytes, into index and value; returns how many. */
size_t md_store_compress(const uint8_t *pixels, size_t features, uint16_t *index, uint8_t *value);

/* Streamed: their features can be asked for between open and close; where they cannot be read, they
 * are zeros, and md_store_check tells of the first failure. Those of a resident data set do nothing
 * and find nothing. */
int md_store_is_streamed(const md_store *store);
md_status md_store_open(md_store *store, md_error *err);
void md_store_close(md_store *store);
md_status md_store_check(const md_store *store, md_error *err);

/* Streamed: for reading a split's chunks beside; how those that are trained on are cut; how many
 * features of each training chunk are not 0; and a line of data/provenance.h, NULL if resident. */
md_status md_store_reader(const md_store *store, md_split split, md_feature_reader **out,
                          md_error *err);
md_chunk_plan md_store_chunks(const md_store *store, size_t trained);
const uint64_t *md_store_chunk_nonzero(const md_store *store);
/* Have a training chunk's samples, just read, that many? MD_BAD_DATA if not: a file can be changed
 * and keep its size and time, and room is made for what was there. */
md_status md_store_check_chunk(const md_store *store, size_t chunk, const void *samples,
                               size_t count, md_error *err);
const char *md_store_sha256(const md_store *store, md_split split);

/* One sample's features as they were read, rows * columns elements, whatever the storage. */
void md_store_sample(const md_store *store, md_split split, size_t image, void *out);
/* As the model sees them; the second of features that were read. */
void md_store_scaled(const md_store *store, md_split split, size_t image, float *out);
void md_store_scale(const md_store *store, const void *features, float *out);
/* As shades to be shown: bytes as they are; floats from the sample's least, or 0 if that is less
 * still, to its largest. */
void md_store_image(const md_store *store, md_split split, size_t image, uint8_t *out);

/* XXH3-64 of the whole block: equal on every node that read the same data. */
uint64_t md_store_digest(const md_store *store);

#endif
