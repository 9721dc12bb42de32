/* Untrusted files. */
#ifndef MNIST_DIST_DATA_FILE_H
#define MNIST_DIST_DATA_FILE_H

#include <stdint.h>

#include "mnist_dist/base/error.h"

/* What is allocated for a file is bounded by its size, times this when it is compressed: deflate's
 * best, 258 bytes from two bits (zlib's technical notes, "1032:1"). */
enum { MD_INFLATE_RATIO = 1032 };

/* Opens a regular file for reading and tells its size; never waits (for a pipe's other end, say).
 * MD_BAD_DATA naming the file. The caller closes *fd. */
md_status md_file_open(const char *path, int *fd, uint64_t *size, md_error *err);

#endif
