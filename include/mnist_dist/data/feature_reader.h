/* Reads features that stay in their file, chunk after chunk. For one thread; several may read at a
 * time, each with a reader of its own. Local. */
#ifndef MNIST_DIST_DATA_FEATURE_READER_H
#define MNIST_DIST_DATA_FEATURE_READER_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

typedef struct md_feature_reader md_feature_reader;

/* The samples of a chunk, [*count][features] of the file's element; valid until the next call.
 * MD_BAD_DATA naming path and place when the file ends early, was changed, or does not inflate, or
 * holds what is no feature. */
md_status md_feature_reader_read(md_feature_reader *reader, size_t chunk, const void **samples,
                                 size_t *count, md_error *err);

void md_feature_reader_destroy(md_feature_reader **reader); /* NULL is fine; clears */

#endif
