/* Where images come from: IDX files (plain or gzip), HDF5, or digits the program draws itself.
 * Local. Opening reads headers only and checks them against the files' real sizes; reading fills
 * memory of the caller's. */
#ifndef MNIST_DIST_DATA_SOURCE_H
#define MNIST_DIST_DATA_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"

typedef struct md_source md_source;

typedef enum md_split { MD_SPLIT_TRAIN, MD_SPLIT_TEST } md_split;

typedef struct md_source_shape {
    size_t rows, columns; /* of each image, in pixels */
    size_t images[2];     /* by md_split; the test split may be empty */
} md_source_shape;

/* What data.source may be, one form for each kind of source ("synthetic[:N]"); NULL after the last.
 */
const char *md_source_form(size_t i);

/* where: a folder with IDX files (train-images-idx3-ubyte[.gz] and so on, also with a dot before
 * idx), a .h5 file, or "synthetic[:N]". MD_BAD_DATA with the cure. *out is NULL on error. */
md_status md_source_open(const char *where, md_source **out, md_error *err);
void md_source_close(md_source **source); /* NULL is fine; clears *source */

const md_source_shape *md_source_get_shape(const md_source *source);

/* Fills images[n][rows * columns] and labels[n] of one split, n from the shape. MD_BAD_DATA when
 * the bytes end early, go on too long, or do not decompress. */
md_status md_source_read(md_source *source, md_split split, uint8_t *images, uint8_t *labels,
                         md_error *err);

#endif
