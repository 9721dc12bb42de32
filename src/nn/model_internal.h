/* What model.c and matrices.c share. */
#ifndef MNIST_DIST_NN_MODEL_INTERNAL_H
#define MNIST_DIST_NN_MODEL_INTERNAL_H

#include "layer.h"
#include "mnist_dist/nn/loss.h"

struct md_model {
    md_model_spec spec;
    md_layout layout;
    const md_kernels *kernels;
    const md_loss *loss_function;
    size_t outputs;
    md_layer layers[MD_MAX_LAYERS];
    int first_weighted;     /* index of the first layer with parameters */
    md_context context;     /* of the last forward */
    float *logits_gradient; /* [max_samples][outputs]: of the loss */
    float *own;             /* the layers' matrices but those that are placed elsewhere */
    float *loss;            /* [max_samples] */
    float *error;           /* [max_samples]; NULL unless the model answers with numbers */
};

/* Elements of all its tensors, which lie one after another. */
size_t md_layer_weights(const md_layer *layer);

/* Places all matrices in a block of the model's own, with rows for so many samples. Sums of
 * micro-shards are not among them: nobody needs them. */
md_status md_model_place_all(md_model *model, size_t samples, md_error *err);

#endif
