/* Keras' HDF5 dialect: the model_config JSON and the weight groups, written and read.
 * Local. Reads what Keras 2 and 3 write (see checkpoint/schema.h); never follows links out of the
 * file. */
#ifndef MNIST_DIST_KERAS_KERAS_H
#define MNIST_DIST_KERAS_KERAS_H

#include "mnist_dist/base/error.h"
#include "mnist_dist/model/features.h"
#include "mnist_dist/model/model_spec.h"

/* The model_config of `spec` as JSON (malloc'ed), or NULL when out of memory; `scale` (may be NULL)
 * as md_keras_config_json takes it. */
char *md_keras_config_write(const md_model_spec *spec, const md_scale *scale);

/* The other way. MD_BAD_CHECKPOINT naming the layer or key that has no counterpart here. */
md_status md_keras_config_read(const char *json, md_model_spec *out, md_error *err);

#endif
