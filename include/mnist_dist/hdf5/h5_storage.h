/* Where a dataset's numbers lie in its file, for who reads them without libhdf5, which is not
 * thread-safe and reads whole datasets. Local. */
#ifndef MNIST_DIST_HDF5_H5_STORAGE_H
#define MNIST_DIST_HDF5_H5_STORAGE_H

#include "mnist_dist/hdf5/h5.h"

/* A chunk as HDF5 has it. */
typedef struct md_h5_piece {
    uint64_t offset, bytes; /* in the file, as stored */
    uint32_t skipped;       /* bit i: filter i was not applied */
    uint32_t unused;        /* so that bytes are compared with bytes */
} md_h5_piece;

typedef struct md_h5_storage {
    int is_float, is_signed, is_big_endian;
    size_t size; /* of a number, in bytes */
    md_h5_shape shape;
    md_h5_shape chunk;      /* rank 0: all numbers lie in a row */
    uint64_t begin;         /* in a row: of the first number */
    int shuffled, deflated; /* at which place among the filters; -1: not */
    size_t count;           /* pieces, in row-major order of their places */
    md_h5_piece *pieces;    /* malloc'ed; the caller's also when f failed */
} md_h5_storage;

/* Fails where that is not to be had, saying how such a file is written anew: other filters than
 * shuffle and gzip, chunks never written, numbers in the object's header, a user block, floats that
 * are not of 4 or 8 bytes. */
void md_h5_get_storage(md_h5 *f, const char *path, md_h5_storage *out);

#endif
