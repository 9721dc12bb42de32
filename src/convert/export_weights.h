/* The file that Keras 3 calls NAME.weights.h5, alone or inside a .keras archive. */
#ifndef MNIST_DIST_CONVERT_EXPORT_WEIGHTS_H
#define MNIST_DIST_CONVERT_EXPORT_WEIGHTS_H

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/checkpoint/checkpoint.h"

/* `name` is for messages. MD_FAILED. */
md_status md_export_weights(const md_checkpoint *c, const char *name, md_bytes *out, md_error *err);

/* Whether the file holds the optimizer's state in the order that Keras 3 restores. */
int md_export_has_adam(const md_checkpoint *c);

#endif
