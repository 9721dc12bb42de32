/* Whole files as blocks of memory. Local. */
#ifndef MNIST_DIST_BASE_BYTES_H
#define MNIST_DIST_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"

typedef struct md_bytes {
    unsigned char *data; /* malloc'ed */
    size_t size;
} md_bytes;

/* What a file is taken for by its reader. */
typedef struct md_file_kind {
    const char *what;  /* "a .h5 file", for messages */
    const char *quote; /* around the path in messages */
    md_status status;  /* of one that is absent, cannot be read or is unfit */
    size_t most;       /* bytes; more are refused. 0: whatever a regular file that is not empty has;
                        * else it may be empty, or a pipe, which is waited for */
} md_file_kind;

/* The whole content, and a zero byte after it that is not counted. Fails with the kind's status,
 * naming path and reason, or with MD_FAILED when memory ran out; *out is then empty. *refused
 * (which may be NULL) is 1 when the system did not let the file be read, so that nothing is known
 * of what it holds, else 0. */
md_status md_bytes_read(const char *path, const md_file_kind *kind, md_bytes *out, int *refused,
                        md_error *err);

/* Opens a file for reading as md_bytes_read does and tells its size, 0 for a pipe. The caller
 * closes *fd. */
md_status md_file_open(const char *path, const md_file_kind *kind, int *fd, uint64_t *size,
                       int *refused, md_error *err);

/* What `print` writes. MD_FAILED when memory ran out; *out is then empty. */
typedef void (*md_printer)(const void *context, FILE *out);
md_status md_bytes_print(md_printer print, const void *context, md_bytes *out, md_error *err);

/* Creates or replaces path and fsyncs it. MD_FAILED naming path and reason; path is then gone. */
md_status md_bytes_write(const char *path, const md_bytes *bytes, md_error *err);

/* Writes all of them to an open file: 0, or -1 with errno. */
int md_bytes_put(int file, const md_bytes *bytes);

void md_bytes_free(md_bytes *bytes);

/* What is allocated for a compressed file is bounded by its size times this: deflate's best, 258
 * bytes from two bits (zlib's technical notes, "1032:1"). */
enum { MD_INFLATE_RATIO = 1032 };

#endif
