/* Losses, as plain data: what training makes small. The arithmetic is nn/loss.h's. Local. */
#ifndef MNIST_DIST_MODEL_LOSS_SPEC_H
#define MNIST_DIST_MODEL_LOSS_SPEC_H

/* The losses, a row each: Keras' word, its class there, and the last activation that it goes with;
 * the first of an activation is what `auto` stands for. Each has its formula in src/nn/losses. */
#define MD_LOSSES(X)                                                                               \
    X(SPARSE_CATEGORICAL_CROSSENTROPY, sparse_categorical_crossentropy,                            \
      "SparseCategoricalCrossentropy", MD_SOFTMAX)                                                 \
    X(BINARY_CROSSENTROPY, binary_crossentropy, "BinaryCrossentropy", MD_SIGMOID)                  \
    X(MSE, mse, "MeanSquaredError", MD_LINEAR)                                                     \
    X(MAE, mae, "MeanAbsoluteError", MD_LINEAR)                                                    \
    X(HUBER, huber, "Huber", MD_LINEAR)

typedef enum md_activation { MD_LINEAR, MD_RELU, MD_TANH, MD_SIGMOID, MD_SOFTMAX } md_activation;

typedef enum md_loss_kind {
    MD_LOSS_AUTO, /* what goes with the last activation */
#define MD_ROW(NAME, ...) MD_LOSS_##NAME,
    MD_LOSSES(MD_ROW)
#undef MD_ROW
        MD_LOSS_COUNT
} md_loss_kind;

typedef struct md_loss_descriptor {
    const char *word, *keras_class;
    md_activation goes_with;
} md_loss_descriptor;

/* NULL for what is no loss, MD_LOSS_AUTO among it. */
const md_loss_descriptor *md_loss_describe(md_loss_kind kind);

/* The configuration's words, "auto" first; NULL at the end. */
extern const char *const md_loss_words[];

/* By word, or by Keras' class: 1, or 0 when there is none. */
int md_loss_parse(const char *word, md_loss_kind *out);

/* The loss that `auto` stands for; MD_LOSS_AUTO where an activation has none. */
md_loss_kind md_loss_of_activation(md_activation activation);

#endif
