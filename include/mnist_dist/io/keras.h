/* Keras' HDF5 dialect: the model_config JSON and the weight groups, written and read.
 * Local. Reads what Keras 2 and 3 write (see io/schema.h); never follows links out of the file. */
#ifndef MNIST_DIST_IO_KERAS_H
#define MNIST_DIST_IO_KERAS_H

#include "mnist_dist/util/error.h"
#include "mnist_dist/util/model_spec.h"

/* The model_config of `spec` as JSON (malloc'ed), or NULL when out of memory. */
char *md_keras_config_write(const md_model_spec *spec);

/* The other way. MD_BAD_CHECKPOINT naming the layer or key that has no counterpart here. */
md_status md_keras_config_read(const char *json, md_model_spec *out, md_error *err);

/* Model and weights of a file of ours or of Keras, in any form that md_import (io/export.h) reads.
 * *parameters is a new block (free()), NULL on error. */
md_status md_keras_read(const char *path, md_model_spec *spec, float **parameters, md_error *err);

#endif
