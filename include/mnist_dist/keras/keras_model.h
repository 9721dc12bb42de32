/* What a model_config of Keras says, in full: the model as it is here, and what has to be done to
 * the weights beside it. Local. */
#ifndef MNIST_DIST_KERAS_KERAS_MODEL_H
#define MNIST_DIST_KERAS_KERAS_MODEL_H

#include <jansson.h>

#include "mnist_dist/model/model_spec.h"

enum { MD_KERAS_STEPS = 16 };

typedef enum md_keras_step_kind {
    MD_KERAS_RESCALING, /* keeps no arrays */
    MD_KERAS_NORMALIZATION,
    MD_KERAS_BATCH_NORMALIZATION
} md_keras_step_kind;

/* A layer that makes x * scale + offset, element by element, as it does in inference: taken up by
 * the weights of the next layer that has some, or of the one before. */
typedef struct md_keras_step {
    char name[2 * MD_NAME_SIZE];
    md_keras_step_kind kind;
    int weighted;         /* which takes it up, counting from 0 those with weights */
    int behind;           /* it is that layer's output that is scaled, rather than its input */
    int layer;            /* that comes after it, of all */
    md_shape shape;       /* of what it takes */
    const json_t *config; /* borrowed from the model */
} md_keras_step;

typedef struct md_keras_model {
    md_model_spec spec;
    int weighted;              /* layers with weights */
    int frozen[MD_MAX_LAYERS]; /* Keras' trainable: false, by number among them, */
    int plain[MD_MAX_LAYERS];  /* and its use_bias: false */
    int takes_bytes;           /* the input is declared as whole numbers */
    int logits;                /* the last layer has no activation; softmax was put there */
    int step_count;
    md_keras_step steps[MD_KERAS_STEPS];
    json_t *root; /* owned; NULL for a model that no config describes */
} md_keras_model;

/* MD_BAD_CHECKPOINT naming the layer, key or dtype policy that has no counterpart here; then *out
 * owns nothing. What training with Keras did besides (constraints, penalties, frozen layers) is
 * said in a line each (md_info). */
md_status md_keras_model_read(const char *json, md_keras_model *out, md_error *err);
void md_keras_model_free(md_keras_model *model);

#endif
