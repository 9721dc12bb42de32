/* A model_config on its way to a model: what the files of its reader share. */
#ifndef MNIST_DIST_KERAS_KERAS_READER_H
#define MNIST_DIST_KERAS_KERAS_READER_H

#include "mnist_dist/keras/keras_model.h"

typedef struct md_keras_reader {
    md_keras_model model;
    md_shape shape;                  /* of what reaches the next layer */
    char previous[2 * MD_NAME_SIZE]; /* Keras' name of the layer before */
    int said_dtype;                  /* that Keras computes in another precision */
    md_error *err;
} md_keras_reader;

/* An entry of the list of layers. */
typedef struct md_keras_entry {
    const char *class_name, *name;
    const json_t *config;
} md_keras_entry;

/* A member that is text, or "". */
const char *md_keras_text(const json_t *object, const char *key);

/* One line on what the layer is here and was not in Keras (md_info). */
void md_keras_tell(const md_keras_entry *e, const char *what);

md_status md_keras_refuse(md_keras_reader *r, const md_keras_entry *e, const char *why);

/* Whether the last layer read scales what a layer with weights, that is to come, takes. */
int md_keras_waits(const md_keras_model *model);

/* Adds what the entry stands for to the model, after looking at all that its config says. */
md_status md_keras_read_layer(md_keras_reader *r, const md_keras_entry *e);

/* keras_understood.c: whether each key and the dtype policy mean nothing beyond what is read;
 * `own` are the keys that the class reads, with blanks between. */
md_status md_keras_check_entry(md_keras_reader *r, const md_keras_entry *e, const char *own);

#endif
