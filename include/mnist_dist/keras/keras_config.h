/* Keras' description of a model as JSON. */
#ifndef MNIST_DIST_KERAS_KERAS_CONFIG_H
#define MNIST_DIST_KERAS_KERAS_CONFIG_H

#include <jansson.h>

#include "mnist_dist/model/features.h"
#include "mnist_dist/model/model_spec.h"

/* The dialect of the .h5 files, which every version reads, or that of Keras 3's .keras archives. */
typedef enum md_keras_dialect { MD_KERAS_LEGACY, MD_KERAS_3 } md_keras_dialect;

/* A new reference, or NULL when out of memory. Where `scale` (may be NULL) standardizes, the first
 * layer is a Normalization, so that the model takes raw values: in the legacy dialect with its
 * numbers, in Keras 3's as an adapted one, whose numbers are weights. */
json_t *md_keras_config_json(const md_model_spec *spec, const md_scale *scale,
                             md_keras_dialect dialect);

/* As text (malloc'ed), ASCII, with digits enough for every rate of `spec`; takes `json` over. */
char *md_keras_config_text(json_t *json, const md_model_spec *spec);

#endif
