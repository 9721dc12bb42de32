/* A layer: a row of operations and what it keeps between forward and backward. Local; internal to
 * nn. model.c goes through an array of them. */
#ifndef MNIST_DIST_NN_LAYER_H
#define MNIST_DIST_NN_LAYER_H

#include "mnist_dist/nn/model.h"

/* What flows forward: [samples][width] values, or the images themselves as sparse rows. */
typedef struct md_activations {
    const md_sparse_row *rows;
    const float *values; /* set when rows is not */
} md_activations;

/* One pass over the layers: what forward gets, and backward after it. */
typedef struct md_forward_context {
    const md_kernels *kernels;
    const float *parameters;
    float *gradient; /* backward only */
    size_t samples;
    const uint32_t *ids;
    md_pass pass;
} md_forward_context;

typedef struct md_layer_ops md_layer_ops;

typedef struct md_layer {
    const md_layer_ops *ops;
    const md_layer_spec *spec;
    int index; /* in the model */
    const md_shape *in_shape, *out_shape;
    size_t in, out;           /* values in them */
    const md_tensor *tensors; /* its own, in the order of its descriptor */
    int tensor_count;
    int propagates; /* some layer before it has parameters: backward goes on through it */
    void *state;    /* of the kind; NULL before create */
} md_layer;

/* One of each kind, in src/nn/layers. */
struct md_layer_ops {
    int takes_sparse;  /* may be given sparse rows when no layer before it has parameters */
    int passes_sparse; /* hands them on as they are */
    /* Makes the layer's state, for batches of up to max_samples. Optional. */
    md_status (*create)(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err);
    void (*destroy)(md_layer *layer); /* optional; state may be NULL or half made */
    /* The output, owned by the layer or passed through from the input. The input is borrowed until
     * backward. */
    md_activations (*forward)(md_layer *layer, const md_forward_context *context, md_activations x);
    /* From the gradient by the output, which may be changed: writes the gradient by the parameters
     * at their place in the block, and returns the gradient by the input (NULL unless
     * propagates). */
    float *(*backward)(md_layer *layer, const md_forward_context *context, float *dy);
    /* The same in double, the slow way, for the context's one sample (its ids and pass are set):
     * y[out] from x[in] and the layer's weights, tensor after tensor. NULL: y = x. */
    void (*twin)(const md_layer *layer, const md_forward_context *context, const double *weights,
                 const double *x, double *y);
};

/* The model's layers but their state, from the spec it was laid out from; borrows both. Returns the
 * index of the first layer that has parameters. */
int md_layers_describe(const md_model_spec *spec, const md_layout *layout,
                       md_layer layers[MD_MAX_LAYERS]);

#endif
