/* The weight groups of Keras' HDF5 dialect. */
#ifndef MD_IO_KERAS_WEIGHTS_H
#define MD_IO_KERAS_WEIGHTS_H

#include "h5.h"
#include "mnist_dist/util/model_spec.h"

/* A list that Keras may have split into NAME0, NAME1, ... when it was long. */
void md_keras_get_names(md_h5 *f, const char *path, const char *name, md_h5_names *out);

/* Parameters of a checked spec from the layer groups below `root`, paired by order and not by name,
 * as Keras does. *parameters is a new block, NULL on error. */
md_status md_keras_get_weights(md_h5 *f, const char *root, const md_model_spec *spec,
                               float **parameters);

#endif
