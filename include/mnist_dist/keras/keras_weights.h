/* The weights of Keras' HDF5 dialects. */
#ifndef MNIST_DIST_KERAS_KERAS_WEIGHTS_H
#define MNIST_DIST_KERAS_KERAS_WEIGHTS_H

#include "mnist_dist/hdf5/h5.h"
#include "mnist_dist/model/model_spec.h"

/* The dialect of the files, not their writer. */
#define MD_KERAS_VERSION "2.15.0"
#define MD_KERAS_BACKEND "tensorflow"
#define MD_PATH_MODEL "/model_weights"

/* Where a model's file keeps tensor `t`. */
void md_path_parameter(const md_model_spec *spec, const md_tensor *t, char out[MD_H5_PATH]);

/* A tensor's dataset. */
md_h5_array md_tensor_array(const md_tensor *t);

/* @model_config and /model_weights: all that Keras' load_model reads. */
void md_keras_put_model(md_h5 *f, const md_model_spec *spec, const float *parameters);

/* Where Keras 3's .weights.h5 has array `which` of the n-th layer of a kind, both from 0. */
void md_keras3_path(md_layer_kind kind, int n, int which, char out[MD_H5_PATH]);

/* A list that Keras may have split into NAME0, NAME1, ... when it was long. */
void md_keras_get_names(md_h5 *f, const char *path, const char *name, md_h5_names *out);

/* Datasets of the layers that have weights, in order; a layer without use_bias has one less. */
typedef struct md_keras_layer {
    int count;
    char tensor[MD_MAX_LAYER_TENSORS][MD_H5_PATH];
} md_keras_layer;

typedef struct md_keras_weights {
    int count;
    md_keras_layer layers[MD_MAX_LAYERS];
} md_keras_weights;

/* Legacy: the layer groups below `root` that have weights, in the order of its @layer_names. */
void md_keras_find_legacy(md_h5 *f, const char *root, md_keras_weights *out);

/* Keras 3: the groups of /layers, named by class and number; in the order of the model `spec`, or
 * all of them dense when that is NULL. A group with weights that is not of the model is an error.
 */
void md_keras_find_layers(md_h5 *f, const md_model_spec *spec, md_keras_weights *out);

/* Inputs of the first dense layer; 0 when there is none, or f fails. */
int md_keras_inputs(md_h5 *f, const md_keras_weights *weights);

/* The model that the kernels' shapes allow, on flat input: see md_import. */
void md_keras_guess_model(md_h5 *f, const md_keras_weights *weights, md_model_spec *out);

/* Parameters of a checked spec, paired by order and not by name, as Keras does. *parameters is a
 * new block, NULL on error. */
md_status md_keras_get_weights(md_h5 *f, const md_keras_weights *weights, const md_model_spec *spec,
                               float **parameters);

#endif
