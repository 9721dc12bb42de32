/* One IDX file (http://yann.lecun.com/exdb/mnist): a big-endian header of two zero bytes, the type
 * of the numbers, how many dimensions there are and their sizes, then the numbers in row-major
 * order.
 */
#ifndef MNIST_DIST_DATA_IDX_FILE_H
#define MNIST_DIST_DATA_IDX_FILE_H

#include "array.h"

enum { MD_IDX_HEADER_SIZE = 4 + 4 * MD_ARRAY_RANK };

/* The third byte of a file, and what its numbers are. */
#define MD_IDX_TYPES(X)                                                                            \
    X(0x08, U8, "ubyte")                                                                           \
    X(0x09, I8, "byte")                                                                            \
    X(0x0b, I16, "short")                                                                          \
    X(0x0c, I32, "int")                                                                            \
    X(0x0d, F32, "float")                                                                          \
    X(0x0e, F64, "double")

/* Reads the header of a file that is to have from `least` to `most` dimensions, checks it against
 * the file's size and fills *out but for its name and place. `what` it is to hold names it in
 * messages ("images"). */
md_status md_idx_read_shape(const char *path, const char *what, int least, int most, md_array *out,
                            md_error *err);

/* Reads all numbers of a file whose header was read before into out. */
md_status md_idx_read(const char *path, const md_array *array, void *out, md_error *err);

/* The header of a file of this shape; returns its length. */
size_t md_idx_header(const md_array *array, uint8_t out[MD_IDX_HEADER_SIZE]);
const char *md_idx_word(md_number type); /* "ubyte" */

#endif
