/* What a kind of layer is, apart from its arithmetic: its words, its keys, its shapes and its
 * weights. One descriptor a kind, in src/model/kinds; the list is MD_LAYER_KINDS. Local. */
#ifndef MNIST_DIST_MODEL_LAYER_KIND_H
#define MNIST_DIST_MODEL_LAYER_KIND_H

#include "mnist_dist/base/key.h"
#include "mnist_dist/model/model_spec.h"

/* What a layer can follow. */
typedef enum md_layer_takes {
    MD_TAKES_ANY,   /* every shape */
    MD_TAKES_FLAT,  /* [n] */
    MD_TAKES_IMAGES /* [rows, columns, channels] */
} md_layer_takes;

typedef struct md_layer_descriptor {
    const char *keras_class; /* of Keras; keys and activations have Keras' names themselves */
    const char
        *keras_constants;   /* what Keras' config holds besides, as a JSON object; NULL: nothing */
    const char *keras_ones; /* what of Keras' keys is always 1 here, with blanks between, or NULL */
    const char *help;
    md_layer_takes takes;
    int slides;         /* weights serve at many places of a sample: few beside the activations */
    const md_key *keys; /* members of md_layer_spec; those with a default may be left out */
    size_t key_count;
    /* The output's shape, with an extent of 0 if nothing is left; NULL: the input's. */
    void (*shape)(const md_layer_spec *layer, const md_shape *in, md_shape *out);
    /* Fills role, rank, shape and fans of its weights in their order in the block and returns how
     * many there are; NULL: none. */
    int (*tensors)(const md_layer_spec *layer, const md_shape *in, md_tensor *out);
} md_layer_descriptor;

/* NULL for what is no kind. */
const md_layer_descriptor *md_layer_describe(md_layer_kind kind);

/* The configuration's words, by kind; NULL at the end. */
extern const char *const md_layer_words[];

/* By Keras' class; 1, or 0 when there is none. */
int md_layer_kind_of_keras(const char *class_name, md_layer_kind *out);

/* The kind's key of that name, or NULL. */
const md_key *md_layer_key(md_layer_kind kind, const char *name);

/* The key of an activation, which several kinds have. */
#define MD_ACTIVATION_KEY(about)                                                                   \
    {                                                                                              \
        "activation", MD_KEY_CHOICE, MD_AT(md_layer_spec, activation),                             \
            .choices = md_activation_words, .help = (about)                                        \
    }

/* Where a member of the kind's own struct lies, for keys. */
#define MD_OWN(type, member)                                                                       \
    .offset = offsetof(md_layer_spec, own) + offsetof(type, member),                               \
    .size = sizeof(((type *)0)->member)

#endif
