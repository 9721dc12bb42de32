/* The file that Keras 3 calls NAME.weights.h5, alone or inside a .keras archive. */
#ifndef MNIST_DIST_CONVERT_EXPORT_WEIGHTS_H
#define MNIST_DIST_CONVERT_EXPORT_WEIGHTS_H

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/checkpoint/checkpoint.h"

/* with_rate: whether the optimizer's learning rate is one of its variables, as it is in Keras but
 * with a schedule. `name` is for messages. MD_FAILED. */
md_status md_export_weights(const md_checkpoint *c, int with_rate, const char *name, md_bytes *out,
                            md_error *err);

#endif
