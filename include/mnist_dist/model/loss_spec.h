/* Losses, as plain data: what training makes small, and the metric that goes with each. The
 * arithmetic is nn/loss.h's. Local. */
#ifndef MNIST_DIST_MODEL_LOSS_SPEC_H
#define MNIST_DIST_MODEL_LOSS_SPEC_H

/* The losses, a row each: Keras' words for the loss, and for what is counted. Each has its formula
 * in src/nn/losses. */
#define MD_LOSSES(X) X(SPARSE_CATEGORICAL_CROSSENTROPY, sparse_categorical_crossentropy, "accuracy")

typedef enum md_loss_kind {
#define MD_ROW(NAME, ...) MD_LOSS_##NAME,
    MD_LOSSES(MD_ROW)
#undef MD_ROW
        MD_LOSS_COUNT
} md_loss_kind;

typedef struct md_loss_descriptor {
    const char *word, *metric;
} md_loss_descriptor;

/* NULL for what is no loss. */
const md_loss_descriptor *md_loss_describe(md_loss_kind kind);

#endif
