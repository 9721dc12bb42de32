/* A layer: a row of operations and what it keeps between forward and backward. Local; internal to
 * nn. model.c goes through an array of them. */
#ifndef MNIST_DIST_NN_LAYER_H
#define MNIST_DIST_NN_LAYER_H

#include "mnist_dist/nn/model.h"

/* What every layer is given in a pass. */
typedef struct md_context {
    const md_kernels *kernels;
    const float *parameters;
    const md_batch *batch;
    md_pass pass;
} md_context;

typedef struct md_layer_ops md_layer_ops;

typedef struct md_layer {
    const md_layer_ops *ops;
    const md_layer_spec *spec;
    int index; /* in the model */
    /* The spec's, where it has one; linear in the last layer, whose own is fused with the loss. */
    md_activation activation;
    const md_shape *in_shape, *out_shape;
    size_t in, out;           /* values in them */
    const md_tensor *tensors; /* its own, in the order of its descriptor */
    int tensor_count;
    int propagates; /* some layer before it has parameters: backward goes on through it */
    float *sums;    /* [micro-shards][its parameters]: see md_tensor.summed; NULL: none are made */
    /* Matrices, a row per sample, of which a pass uses those from batch->first on. x [][in] is the
     * output of a layer before it, NULL where that is the batch itself; y [][out] this one's, x if
     * it has none of its own. dy [][out] is the gradient of the loss by y, dx [][in] that by x,
     * which the layer writes: NULL unless it propagates. */
    const float *x;
    float *y, *dy, *dx;
    void *state; /* of the kind; NULL before create */
} md_layer;

/* One of each kind, in src/nn/layers. Matrices are the model's; see md_layer. */
struct md_layer_ops {
    int takes_sparse; /* may be given sparse rows when no layer before it has parameters */
    int has_output;   /* has a matrix y; else y = x */
    int has_gradient; /* has a matrix dx if it propagates; else dx = dy, changed in place */
    /* Makes the layer's state, for batches of up to max_samples. Optional. */
    md_status (*create)(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err);
    void (*destroy)(md_layer *layer); /* optional; state may be NULL or half made */
    /* The batch's rows of y from those of x. NULL: there is nothing to do. */
    void (*forward)(md_layer *layer, const md_context *context);
    /* From the batch's rows of dy, which may be changed but then stand for good, those of dx. NULL:
     * there is nothing to do. */
    void (*backward)(md_layer *layer, const md_context *context);
    /* Of a layer with tensors: gets ready for calls of weight_gradient on parts of these `rows` of
     * its first tensor, for the batch's samples. Optional. */
    void (*sort)(md_layer *layer, const md_context *context, size_t first, size_t rows);
    /* gradient[rows][row length] of rows `first` .. of tensor number `tensor`, summed over all the
     * batch's samples in order from x and dy; see md_tensor_row. */
    void (*weight_gradient)(md_layer *layer, const md_context *context, int tensor, size_t first,
                            size_t rows, float *gradient);
    /* The same as forward in double, the slow way, for the context's one sample (its batch holds
     * ids only): y[out] from x[in] and the layer's weights, tensor after tensor. NULL: y = x. */
    void (*twin)(const md_layer *layer, const md_context *context, const double *weights,
                 const double *x, double *y);
};

/* The batch's rows of a matrix. */
static inline float *md_rows_of(float *matrix, const md_context *context, size_t width)
{
    return matrix ? matrix + context->batch->first * width : NULL;
}

/* The batch's rows of x as floats; NULL when they are sparse. */
static inline const float *md_inputs_of(const md_layer *layer, const md_context *context)
{
    return layer->x ? layer->x + context->batch->first * layer->in : context->batch->pixels;
}

/* The model's layers but their state, from the spec it was laid out from; borrows both. Returns the
 * index of the first layer that has parameters. */
int md_layers_describe(const md_model_spec *spec, const md_layout *layout,
                       md_layer layers[MD_MAX_LAYERS]);

#endif
