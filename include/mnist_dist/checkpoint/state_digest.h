/* @state_xxh3 of checkpoint/schema.h. */
#ifndef MNIST_DIST_CHECKPOINT_STATE_DIGEST_H
#define MNIST_DIST_CHECKPOINT_STATE_DIGEST_H

#include "mnist_dist/hdf5/h5.h"

/* Reads the whole of a file of ours, checking it as md_h5_walk does and every type besides. */
md_status md_state_digest(md_h5 *f, uint64_t *out);

#endif
