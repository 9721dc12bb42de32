/* Where a split's features lie in a file that stays there, and what is made of them. Plain numbers,
 * so that ranks can share it. Local. */
#ifndef MNIST_DIST_DATA_FEATURE_FILE_H
#define MNIST_DIST_DATA_FEATURE_FILE_H

#include <limits.h>

#include "array.h"
#include "mnist_dist/data/feature_reader.h"
#include "mnist_dist/hdf5/h5_storage.h"

typedef struct md_feature_file {
    char path[PATH_MAX];
    uint64_t size; /* the file's, and when it was changed last: it must stay so */
    int64_t seconds, nanoseconds;

    md_array array;              /* as it lies there */
    int swapped;                 /* numbers have the other byte order than this machine's */
    uint64_t begin;              /* of the first number, when all lie in a row */
    size_t piece[MD_ARRAY_RANK]; /* extents of a chunk of HDF5's; piece[0] 0: all lie in a row */
    int shuffled, deflated;      /* see md_h5_storage */
    size_t piece_count;

    size_t chunk; /* samples that are read together; the last chunk may have fewer */
    md_element element;
    int transposed; /* each sample, from [rows][columns] */
    size_t rows, columns;
} md_feature_file;

/* Notes path, size and time. MD_BAD_DATA when it cannot be reached. */
md_status md_feature_file_note(const char *path, md_feature_file *out, md_error *err);

/* A file's chunks: so many samples or one of its own chunks, whichever is more. */
void md_feature_file_cut(md_feature_file *file, size_t samples);

size_t md_feature_file_chunks(const md_feature_file *file);

/* Both are borrowed. */
md_status md_feature_reader_create(const md_feature_file *file, const md_h5_piece *pieces,
                                   md_feature_reader **out, md_error *err);

#endif
