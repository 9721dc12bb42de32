/* One IDX file (http://yann.lecun.com/exdb/mnist): a big-endian header of a magic number that says
 * "unsigned bytes, this many dimensions" and the dimensions, then the bytes in row-major order. */
#ifndef MNIST_DIST_DATA_IDX_FILE_H
#define MNIST_DIST_DATA_IDX_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"

enum { MD_IDX_MAX_DIMENSIONS = 3, MD_IDX_HEADER_SIZE = 4 + 4 * MD_IDX_MAX_DIMENSIONS };

typedef struct md_idx_shape {
    int dimensions;
    size_t size[MD_IDX_MAX_DIMENSIONS];
} md_idx_shape;

/* Reads the header of a file that must have `dimensions` dimensions and checks it against the
 * file's size. */
md_status md_idx_read_shape(const char *path, int dimensions, md_idx_shape *out, md_error *err);

/* Reads all bytes of a file whose shape was read before into out. */
md_status md_idx_read(const char *path, const md_idx_shape *shape, uint8_t *out, md_error *err);

/* The third byte of a file. */
typedef enum md_idx_type { MD_IDX_U8 = 0x08, MD_IDX_I32 = 0x0c, MD_IDX_F32 = 0x0d } md_idx_type;

/* The header of a file of this shape; returns its length. */
size_t md_idx_header(const md_idx_shape *shape, md_idx_type type, uint8_t out[MD_IDX_HEADER_SIZE]);

#endif
