/* Whole files as blocks of memory. */
#ifndef MNIST_DIST_BASE_BYTES_H
#define MNIST_DIST_BASE_BYTES_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

typedef struct md_bytes {
    unsigned char *data; /* malloc'ed */
    size_t size;
} md_bytes;

/* A regular file's whole content. MD_BAD_CHECKPOINT naming path and reason, MD_FAILED when memory
 * ran out. */
md_status md_bytes_read(const char *path, md_bytes *out, md_error *err);

/* The same; *refused is 1 when the system did not let it be read, so that nothing is known of what
 * it holds, else 0. */
md_status md_bytes_try(const char *path, md_bytes *out, int *refused, md_error *err);

/* Creates or replaces path and fsyncs it. MD_FAILED naming path and reason; path is then gone. */
md_status md_bytes_write(const char *path, const md_bytes *bytes, md_error *err);

void md_bytes_free(md_bytes *bytes);

#endif
