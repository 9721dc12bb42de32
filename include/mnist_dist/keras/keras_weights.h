/* The weights of Keras' HDF5 dialects. */
#ifndef MNIST_DIST_KERAS_KERAS_WEIGHTS_H
#define MNIST_DIST_KERAS_KERAS_WEIGHTS_H

#include "mnist_dist/hdf5/h5.h"
#include "mnist_dist/keras/keras_model.h"
#include "mnist_dist/model/features.h"

/* The dialect of the files, not their writer. */
#define MD_KERAS_VERSION "2.15.0"
#define MD_KERAS_BACKEND "tensorflow"
#define MD_PATH_MODEL "/model_weights"

/* Where a model's file keeps tensor `t`. */
void md_path_parameter(const md_model_spec *spec, const md_tensor *t, char out[MD_H5_PATH]);

/* A tensor's dataset. */
md_h5_array md_tensor_array(const md_tensor *t);

/* @model_config and /model_weights: all that Keras' load_model reads. With a `scale` that
 * standardizes the model takes raw values; NULL: it takes them as ours sees them. */
void md_keras_put_model(md_h5 *f, const md_model_spec *spec, const md_scale *scale,
                        const float *parameters);

/* Where Keras 3's .weights.h5 has array `which` of the n-th layer of a kind, both from 0. */
void md_keras3_path(md_layer_kind kind, int n, int which, char out[MD_H5_PATH]);

/* Its group of the first Normalization's mean, variance and count. */
#define MD_PATH_KERAS3_NORMALIZATION "/layers/normalization/vars"

/* A list that Keras may have split into NAME0, NAME1, ... when it was long. */
void md_keras_get_names(md_h5 *f, const char *path, const char *name, md_h5_names *out);

/* Datasets of the layers that have weights, in order; a layer without use_bias has one less. */
typedef struct md_keras_layer {
    int count;
    char tensor[MD_MAX_LAYER_TENSORS][MD_H5_PATH];
} md_keras_layer;

typedef struct md_keras_weights {
    const char *root; /* where they lie, with what has to be understood beside them */
    int count;
    md_keras_layer layers[MD_MAX_LAYERS];
    md_keras_layer steps[MD_KERAS_STEPS]; /* the arrays that they keep; count 0 */
} md_keras_weights;

/* Where an HDF5 file has its weights, by what is in it: the layer groups of Keras 2 that have some,
 * in the order of @layer_names, or those of Keras 3, named by class and number, in the order of
 * `model`; all of them dense when that is NULL. f fails when there is a dataset that belongs to
 * none of them, or holds integers as quantized models do. */
void md_keras_find_weights(md_h5 *f, const md_keras_model *model, md_keras_weights *out);

/* Inputs of the first dense layer; 0 when there is none, or f fails. */
int md_keras_inputs(md_h5 *f, const md_keras_weights *weights);

/* The model that the kernels' shapes allow, on flat input: see md_import. */
void md_keras_guess_model(md_h5 *f, const md_keras_weights *weights, md_model_spec *out);

/* Parameters of a checked spec, paired by order and not by name, as Keras does. *parameters is a
 * new block, NULL on error. */
md_status md_keras_get_weights(md_h5 *f, const md_keras_weights *weights, const md_model_spec *spec,
                               float **parameters);

/* What a model takes for a pixel. */
typedef enum md_keras_pixels {
    MD_KERAS_PIXELS_AUTO, /* raw when its first layers scale them, or its input is declared as whole
                             numbers; else [0, 1] */
    MD_KERAS_PIXELS_UNIT, /* [0, 1], as ours do */
    MD_KERAS_PIXELS_RAW   /* as they are in files, of images 0 to 255 */
} md_keras_pixels;

/* Lets the kernels and biases take up the model's steps: W' = scale W, b' = b + offset W. *pixels:
 * what was meant by auto; *changed: whether any parameter is another now. *scale: of a model of raw
 * values, what it does to them first where there is a word for it, else MD_SCALE_NONE; the caller
 * clears it. MD_BAD_CHECKPOINT naming the step that cannot be taken up. */
md_status md_keras_fold(md_h5 *f, const md_keras_model *model, const md_keras_weights *weights,
                        md_keras_pixels *pixels, md_scale *scale, float *parameters, int *changed);

/* Lets the first kernel and bias, made for features scaled by `from`, answer the same to those
 * scaled by `to`; features that can only be [0, 1] on one side and pixels from 0 to 255 on the
 * other differ by that factor. MD_USAGE when they cannot. Local. */
md_status md_keras_rescale(const md_model_spec *spec, const md_scale *from, const md_scale *to,
                           float *parameters, md_error *err);

#endif
