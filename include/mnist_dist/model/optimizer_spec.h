/* What an optimizer is, as plain data: its words, its hyper-parameters, how much it remembers. The
 * arithmetic is nn/optimizer.h's. Local. */
#ifndef MNIST_DIST_MODEL_OPTIMIZER_SPEC_H
#define MNIST_DIST_MODEL_OPTIMIZER_SPEC_H

#include <math.h>

#include "mnist_dist/base/key.h"

enum { MD_MAX_MOMENTS = 2 };

/* The optimizers, a row each: word, Keras' class, moments it keeps (m and v in files), and which
 * hyper-parameters it uses beside the learning rate; they have Keras' names. Each has its step in
 * src/nn/optimizers. */
#define MD_OPTIMIZERS(X)                                                                           \
    X(ADAM, adam, "Adam", 2, "beta_1 beta_2 epsilon")                                              \
    X(ADAMW, adamw, "AdamW", 2, "beta_1 beta_2 epsilon weight_decay")                              \
    X(SGD, sgd, "SGD", 1, "momentum")

/* Their hyper-parameters: name, default, range, which ends of it are open, help. Epsilon is a float
 * in the step, where what is less than the smallest normal one may count as 0. */
#define MD_HYPERS(X)                                                                               \
    X(beta_1, "0.9", 0, 1, MD_OPEN_HIGH, "adam, adamw: decay of the first moment")                 \
    X(beta_2, "0.999", 0, 1, MD_OPEN_HIGH, "adam, adamw: decay of the second moment")              \
    X(epsilon, "1.0e-7", 1.2e-38, INFINITY, 0, "adam, adamw: added to the root")                   \
    X(momentum, "0.0", 0, 1, MD_OPEN_HIGH, "sgd; 0 = off")                                         \
    X(weight_decay, "0.0", 0, INFINITY, 0, "adamw; 0 = off")

typedef enum md_optimizer_kind {
#define MD_ROW(NAME, ...) MD_OPTIMIZER_##NAME,
    MD_OPTIMIZERS(MD_ROW)
#undef MD_ROW
        MD_OPTIMIZER_COUNT
} md_optimizer_kind;

typedef struct md_optimizer_spec {
    md_optimizer_kind kind;
    double learning_rate; /* before the schedule */
#define MD_ROW(name, ...) double name;
    MD_HYPERS(MD_ROW)
#undef MD_ROW
    double clip_norm; /* largest global norm of the gradient; 0 = off */
} md_optimizer_spec;

typedef struct md_optimizer_descriptor {
    const char *word, *keras_class;
    int moments;
    const char *hypers; /* names with blanks between */
} md_optimizer_descriptor;

/* NULL for what is no optimizer. */
const md_optimizer_descriptor *md_optimizer_describe(md_optimizer_kind kind);

/* The configuration's words, by kind; NULL at the end. */
extern const char *const md_optimizer_words[];

/* By word, or by Keras' class, which is the word in other case: 1, or 0 when there is none. */
int md_optimizer_parse(const char *word, md_optimizer_kind *out);

/* Adam with Keras' defaults. */
md_optimizer_spec md_optimizer_default(void);

/* A hyper-parameter that the spec's optimizer uses: the `index`-th of them, from 0, with where its
 * value lies. NULL beyond the last. */
const md_key *md_optimizer_hyper(const md_optimizer_spec *spec, int index, double **value);

#endif
