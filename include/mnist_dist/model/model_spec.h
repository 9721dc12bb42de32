/* What a model is, as plain data: nn/ computes it, io/ stores it, train/ reads it from the
 * configuration, and none of them needs the others for that. Local. */
#ifndef MNIST_DIST_MODEL_MODEL_SPEC_H
#define MNIST_DIST_MODEL_MODEL_SPEC_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

enum { MD_MAX_LAYERS = 32, MD_NAME_SIZE = 64 };

typedef enum md_layer_kind { MD_LAYER_FLATTEN, MD_LAYER_DENSE, MD_LAYER_DROPOUT } md_layer_kind;

typedef enum md_activation { MD_LINEAR, MD_RELU, MD_TANH, MD_SIGMOID, MD_SOFTMAX } md_activation;

typedef struct md_layer_spec {
    md_layer_kind kind;
    char name[MD_NAME_SIZE]; /* unique, [a-z0-9_]+; kept from an imported file */
    int units;               /* dense: outputs */
    md_activation activation;
    double rate; /* dropout: the fraction set to zero, in [0, 1) */
} md_layer_spec;

typedef struct md_model_spec {
    int rows, columns; /* of one input image; a flat input of n values is 1 x n */
    int layer_count;
    md_layer_spec layers[MD_MAX_LAYERS];
} md_model_spec;

/* One named array inside the flat parameter block (and, at the same place, inside the gradient
 * block and each moment block). Layers come in order, each kernel before its bias. */
typedef struct md_tensor {
    int layer;        /* index into md_model_spec.layers */
    const char *role; /* "kernel" or "bias" */
    int rank;         /* 2 or 1 */
    size_t shape[2];  /* kernel [in, out] row-major; bias [out, 1] */
    size_t offset;    /* first element */
    size_t count;     /* elements */
} md_tensor;

typedef struct md_layout {
    int tensor_count;
    md_tensor tensors[2 * MD_MAX_LAYERS];
    size_t parameters; /* elements in all */
} md_layout;

/* Fills empty names Keras-like and Keras-portably: flatten, dense_1, dense_2, dropout_1, ... */
void md_model_spec_name_layers(md_model_spec *spec);

/* Checks what every user of a spec relies on: at least one dense layer, units and rates in range,
 * unique names, sizes that do not overflow, dense last with softmax. MD_USAGE naming the layer. */
md_status md_model_spec_check(const md_model_spec *spec, md_error *err);

/* The same, with *at the index of the layer to blame, or -1 where it is no single one. */
md_status md_model_spec_check_at(const md_model_spec *spec, int *at, md_error *err);

/* Where each tensor lies. `spec` has passed md_model_spec_check. */
void md_model_spec_layout(const md_model_spec *spec, md_layout *out);

/* Units of the last dense layer: the number of classes. */
int md_model_spec_classes(const md_model_spec *spec);

/* Same shape and arithmetic (names aside)? 1 or 0. */
int md_model_spec_equal(const md_model_spec *a, const md_model_spec *b);

/* The words of the configuration and of Keras: "relu", "linear", "dense", ... NULL / 0 if unknown.
 */
const char *md_activation_name(md_activation activation);
int md_activation_parse(const char *name, md_activation *out);
const char *md_layer_kind_name(md_layer_kind kind);
int md_layer_kind_parse(const char *name, md_layer_kind *out);

/* The tensor that holds element `index` of the parameter block. */
const md_tensor *md_layout_find(const md_layout *layout, size_t index);

#endif
