/* A layer: a row of operations and what it keeps between forward and backward. Local; internal to
 * nn. model.c walks an array of them. */
#ifndef MNIST_DIST_NN_LAYER_H
#define MNIST_DIST_NN_LAYER_H

#include "mnist_dist/nn/model.h"

/* What flows forward: [samples][width] values, or the images themselves as sparse rows. */
typedef struct md_signal {
    const md_sparse_row *rows;
    const float *values; /* set when rows is not */
} md_signal;

/* One pass over the layers: what forward gets, and backward after it. */
typedef struct md_walk {
    const md_kernels *kernels;
    const float *parameters;
    float *gradient; /* backward only */
    size_t samples;
    const uint32_t *ids;
    md_pass pass;
} md_walk;

typedef struct md_layer_ops md_layer_ops;

typedef struct md_layer {
    const md_layer_ops *ops;
    const md_layer_spec *spec;
    int index;                      /* in the model */
    size_t in, out;                 /* width of its input and output */
    const md_tensor *kernel, *bias; /* NULL without parameters */
    int propagates; /* some layer before it has parameters: backward goes on through it */
    void *state;    /* of the kind; NULL before create */
} md_layer;

struct md_layer_ops {
    /* Makes the layer's state, for batches of up to max_samples. Optional. */
    md_status (*create)(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err);
    void (*destroy)(md_layer *layer); /* optional; state may be NULL or half made */
    /* The output, owned by the layer or passed through from the input. The input is borrowed until
     * backward. */
    md_signal (*forward)(md_layer *layer, const md_walk *walk, md_signal x);
    /* From the gradient by the output, which may be changed: writes the gradient by the parameters
     * at their place in the block, and returns the gradient by the input (NULL unless
     * propagates). */
    float *(*backward)(md_layer *layer, const md_walk *walk, float *dy);
};

extern const md_layer_ops md_flatten_ops, md_dense_ops, md_dropout_ops;

#endif
