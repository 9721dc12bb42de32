/* What a model is, as plain data: nn/ computes it, checkpoint/ stores it, config/ reads it, keras/
 * translates it, and none of them needs the others for that. Local. */
#ifndef MNIST_DIST_MODEL_MODEL_SPEC_H
#define MNIST_DIST_MODEL_MODEL_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/model/loss_spec.h"

enum {
    MD_MAX_LAYERS = 32,
    MD_NAME_SIZE = 64,
    MD_MAX_SHAPE = 3,         /* dimensions of what a layer makes of one sample */
    MD_MAX_TENSOR_RANK = 4,   /* dimensions of a layer's weights */
    MD_MAX_LAYER_TENSORS = 4, /* arrays of weights of one layer */
    MD_MAX_TENSORS = MD_MAX_LAYERS * MD_MAX_LAYER_TENSORS,
    MD_MICRO_SHARD = 4 /* samples whose gradients travel as one sum; see md_tensor.summed */
};

/* The kinds of layers, a row each: everything that knows of kinds is made from this list, the
 * descriptors of model/layer_kind.h and the operations of src/nn/layer.h among it. */
#define MD_LAYER_KINDS(X)                                                                          \
    X(FLATTEN, flatten)                                                                            \
    X(DENSE, dense)                                                                                \
    X(DROPOUT, dropout)                                                                            \
    X(CONV2D, conv2d) X(MAX_POOL2D, max_pool2d) X(AVERAGE_POOL2D, average_pool2d)

typedef enum md_layer_kind {
#define MD_KIND(NAME, name) MD_LAYER_##NAME,
    MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND
        MD_LAYER_KIND_COUNT
} md_layer_kind;

/* The words of the configuration and of Keras, by md_activation; NULL at the end. */
extern const char *const md_activation_words[];

typedef struct md_layer_spec {
    md_layer_kind kind;
    char name[MD_NAME_SIZE]; /* unique; kept from an imported file */
    /* What several kinds have; whether a layer has it, its kind's keys tell. */
    int units; /* outputs */
    md_activation activation;
    double rate; /* the fraction set to zero, in [0, 1) */
    /* Room for the members that one kind alone has, laid out by its descriptor. */
    _Alignas(8) unsigned char own[64];
} md_layer_spec;

typedef struct md_model_spec {
    int rows, columns; /* of one input image; a flat input of n values is 1 x n */
    int layer_count;
    md_layer_spec layers[MD_MAX_LAYERS];
    md_loss_kind loss;  /* what training makes small */
    double huber_delta; /* of the loss huber: errors beyond it count linearly */
} md_model_spec;

/* What a model answers a sample with, which its last activation says. */
typedef enum md_answer {
    MD_ANSWER_CLASS,  /* one of two or more classes: softmax, or one sigmoid */
    MD_ANSWER_LABELS, /* each of several yes or no: several sigmoids */
    MD_ANSWER_NUMBERS /* one or more numbers: linear */
} md_answer;

/* What flows from layer to layer, for one sample: [n], [rows, columns] or, channels last as in
 * Keras, [rows, columns, channels]. Row-major. */
typedef struct md_shape {
    int rank;
    size_t extent[MD_MAX_SHAPE];
} md_shape;

size_t md_shape_size(const md_shape *shape); /* values in all */

/* One named array inside the flat parameter block (and, at the same place, inside the gradient
 * block and each moment block). Layers come in order, each kernel before its bias. */
typedef struct md_tensor {
    int layer;                        /* index into md_model_spec.layers */
    const char *role;                 /* "kernel", "bias": Keras' name for it */
    int rank;                         /* 1 to MD_MAX_TENSOR_RANK */
    size_t shape[MD_MAX_TENSOR_RANK]; /* row-major; 1 beyond rank */
    size_t fan_in, fan_out;           /* for Glorot's initializer; 0: starts as zeros */
    size_t offset;                    /* first element */
    size_t count;                     /* elements */
    /* Where ranks share a batch, its gradient travels as sums over micro-shards of the batch, since
     * these are fewer numbers than the activations and gradients that it is made of. Depends on the
     * layer's sizes only. */
    int summed;
} md_tensor;

/* Elements of its last dimension; a tensor of one dimension is one row. */
static inline size_t md_tensor_row(const md_tensor *tensor)
{
    return tensor->shape[tensor->rank - 1];
}

typedef struct md_layout {
    int tensor_count;
    md_tensor tensors[MD_MAX_TENSORS];
    int first[MD_MAX_LAYERS + 1];       /* a layer's tensors are first[i] .. first[i + 1] - 1 */
    size_t parameters;                  /* elements in all */
    md_shape shapes[MD_MAX_LAYERS + 1]; /* before the first layer, and after each */
} md_layout;

/* Fills empty names Keras-like and Keras-portably: flatten, dense_1, dense_2, dropout_1, ... */
void md_model_spec_name_layers(md_model_spec *spec);

/* Checks what every user of a spec relies on: known kinds that follow each other, values in range,
 * unique names, sizes that do not overflow, a last layer that answers with a loss that goes with
 * it. MD_USAGE naming the layer. */
md_status md_model_spec_check(const md_model_spec *spec, md_error *err);

/* The same, with *at the index of the layer to blame, or -1 where it is no single one or none. */
md_status md_model_spec_check_at(const md_model_spec *spec, int *at, md_error *err);

/* Where each tensor lies. `spec` has passed md_model_spec_check. */
void md_model_spec_layout(const md_model_spec *spec, md_layout *out);

/* Does the first layer that cares for shapes take whole images (1), or flat rows (0)? */
int md_model_spec_takes_images(const md_model_spec *spec);

/* What a sample is to the first layer: [rows, columns, 1] where the first that cares for shapes
 * works on channels, [rows, columns] where it takes images of more than one row otherwise,
 * [rows * columns] else. */
md_shape md_model_spec_input(const md_model_spec *spec);

md_answer md_model_spec_answer(const md_model_spec *spec);

/* Units of the last layer: the values in its answer. */
int md_model_spec_outputs(const md_model_spec *spec);

/* The classes that it tells apart: as many as there are outputs, two with one sigmoid; 0 when it
 * does not answer with a class. */
int md_model_spec_classes(const md_model_spec *spec);

/* The loss, with MD_LOSS_AUTO resolved. */
md_loss_kind md_model_spec_loss(const md_model_spec *spec);

/* Same shape and arithmetic (names aside)? 1 or 0. */
int md_model_spec_equal(const md_model_spec *a, const md_model_spec *b);

/* The configuration's words: "flatten", "dense", ... NULL / 0 if unknown. */
const char *md_layer_kind_name(md_layer_kind kind);
int md_layer_kind_parse(const char *word, md_layer_kind *out);

/* The spec as text of our own, a line for the input and one for each layer:
 *
 *     input rows=28 columns=28
 *     dense name=dense_1 units=128 activation=relu
 *     loss name=huber delta=1
 *
 * The last line is there only when the loss is another than the last activation's first one.
 * malloc'ed; NULL when out of memory. Reading checks the spec: MD_BAD_CHECKPOINT naming the line.
 */
char *md_model_spec_write(const md_model_spec *spec);
md_status md_model_spec_read(const char *text, md_model_spec *out, md_error *err);

#endif
