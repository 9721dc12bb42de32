/* A checkpoint as the bytes of its file. */
#ifndef MNIST_DIST_CHECKPOINT_ENCODING_H
#define MNIST_DIST_CHECKPOINT_ENCODING_H

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/checkpoint/checkpoint.h"

/* How its file is read, and a model file of any other kind. */
extern const md_file_kind md_checkpoint_file;

/* `name` is for messages. Sets both digests of *c. MD_FAILED. */
md_status md_checkpoint_encode(md_checkpoint *c, const char *name, md_bytes *out, md_error *err);

/* MD_BAD_CHECKPOINT, or MD_FAILED when out of memory. */
md_status md_checkpoint_decode(const md_bytes *bytes, const char *name, md_checkpoint **out,
                               md_error *err);

#endif
