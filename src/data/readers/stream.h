/* The bytes of a file from front to back, inflated when the file is gzip (RFC 1952), which its
 * first two bytes tell: downloads are often inflated, or not, on the way. */
#ifndef MNIST_DIST_DATA_STREAM_H
#define MNIST_DIST_DATA_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"

typedef struct md_stream md_stream;

/* path is borrowed until the stream is closed. *out is NULL on error. */
md_status md_stream_open(const char *path, md_stream **out, md_error *err);
void md_stream_close(md_stream **stream); /* NULL is fine; clears *stream */

/* MD_OK when the file can hold exactly `bytes` bytes: a plain one has that size, a gzip one is not
 * smaller than deflate could make them. */
md_status md_stream_check_size(const md_stream *stream, uint64_t bytes, md_error *err);

/* Exactly n bytes; fewer are an error. */
md_status md_stream_read(md_stream *stream, void *out, size_t n, md_error *err);

/* Up to n bytes; fewer, or none, only at the end. */
md_status md_stream_some(md_stream *stream, void *out, size_t n, size_t *got, md_error *err);

/* Checks that nothing follows: neither bytes nor, after a gzip stream, anything else. */
md_status md_stream_finish(md_stream *stream, md_error *err);

#endif
