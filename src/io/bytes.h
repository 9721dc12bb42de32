/* Whole files as blocks of memory. */
#ifndef MD_IO_BYTES_H
#define MD_IO_BYTES_H

#include <stddef.h>

#include "mnist_dist/util/error.h"

typedef struct md_bytes {
    unsigned char *data; /* malloc'ed */
    size_t size;
} md_bytes;

/* A regular file's whole content. MD_BAD_CHECKPOINT naming path and reason. */
md_status md_bytes_read(const char *path, md_bytes *out, md_error *err);

/* Creates or replaces path and fsyncs it. MD_FAILED naming path and reason; path is then gone. */
md_status md_bytes_write(const char *path, const md_bytes *bytes, md_error *err);

void md_bytes_free(md_bytes *bytes);

#endif
