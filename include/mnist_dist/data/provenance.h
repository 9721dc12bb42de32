/* SHA-256 (FIPS 180-4) of a data set as IDX bytes, whatever it was read from: one line a file,
 * "train-images-idx3-ubyte ba8910...". Equal bytes to the public files give the public digests.
 * What no bytes can hold is there as i32 ("labels-idx1-int") or f32 ("images-idx3-float",
 * "targets-idx2-float"). Local. */
#ifndef MNIST_DIST_DATA_PROVENANCE_H
#define MNIST_DIST_DATA_PROVENANCE_H

#include "mnist_dist/data/store.h"

enum { MD_DATA_SHA256_LINE = 128, MD_DATA_SHA256_SIZE = 4 * MD_DATA_SHA256_LINE };

md_status md_data_sha256(const md_store *store, char out[MD_DATA_SHA256_SIZE], md_error *err);

#endif
