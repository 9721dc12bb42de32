/* The last bytes of a checkpoint: a digest of all bytes before them. libhdf5 1.10 can crash on
 * damaged metadata, so this is looked at before libhdf5 is. Layout: checkpoint/schema.h. */
#ifndef MNIST_DIST_HDF5_SEAL_H
#define MNIST_DIST_HDF5_SEAL_H

#include "mnist_dist/base/bytes.h"

#define MD_SEAL_WORD "mnist_dist seal "

md_status md_seal_append(md_bytes *bytes, md_error *err);

/* 1 when there is no seal or a good one, 0 when the bytes are not those that were sealed. *content
 * is their number without the seal. */
int md_seal_check(const md_bytes *bytes, size_t *content);

#endif
