#include "mnist_dist/keras/keras_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/keras/keras.h"

/* The legacy form is read by Keras 2.2 to 3: an InputLayer with batch_input_shape, no module, no
 * registered_name, and no key that some version refuses. */

static int name_taken(const md_model_spec *spec, const char *name)
{
    for (int i = 0; i < spec->layer_count; i++)
        if (strcmp(spec->layers[i].name, name) == 0)
            return 1;
    return 0;
}

/* Whether the model takes images, which its first Flatten makes flat, or flat input. */
static int takes_images(const md_model_spec *spec)
{
    for (int i = 0; i < spec->layer_count; i++) {
        if (spec->layers[i].kind == MD_LAYER_FLATTEN)
            return 1;
        if (spec->layers[i].kind == MD_LAYER_DENSE)
            return 0;
    }
    return 0;
}

static json_t *input_layer(const md_model_spec *spec, md_keras_dialect dialect)
{
    char name[MD_NAME_SIZE] = "image";
    for (int i = 1; name_taken(spec, name); i++)
        snprintf(name, sizeof name, "image_%d", i);
    json_t *shape = takes_images(spec) ? json_pack("[n,i,i]", spec->rows, spec->columns)
                                       : json_pack("[n,i]", spec->rows * spec->columns);
    return json_pack("{s:s, s:{s:o, s:s, s:b, s:s}}", "class_name", "InputLayer", "config",
                     dialect == MD_KERAS_3 ? "batch_shape" : "batch_input_shape", shape, "dtype",
                     "float32", "sparse", 0, "name", name);
}

static json_t *hidden_layer(const md_layer_spec *layer)
{
    switch (layer->kind) {
    case MD_LAYER_FLATTEN:
        return json_pack("{s:s, s:{s:s, s:b, s:s, s:s}}", "class_name", "Flatten", "config", "name",
                         layer->name, "trainable", 1, "dtype", "float32", "data_format",
                         "channels_last");
    case MD_LAYER_DENSE:
        return json_pack("{s:s, s:{s:s, s:b, s:s, s:i, s:s, s:b}}", "class_name", "Dense", "config",
                         "name", layer->name, "trainable", 1, "dtype", "float32", "units",
                         layer->units, "activation", md_activation_name(layer->activation),
                         "use_bias", 1);
    case MD_LAYER_DROPOUT:
        return json_pack("{s:s, s:{s:s, s:b, s:s, s:f}}", "class_name", "Dropout", "config", "name",
                         layer->name, "trainable", 1, "dtype", "float32", "rate", layer->rate);
    }
    return NULL;
}

/* Digits that give every rate back exactly: 15 for decimals as people write them, else 17. */
static size_t rate_digits(const md_model_spec *spec)
{
    for (int i = 0; i < spec->layer_count; i++) {
        char text[32];
        double rate = spec->layers[i].rate;
        snprintf(text, sizeof text, "%.15g", rate);
        if (strtod(text, NULL) < rate || strtod(text, NULL) > rate)
            return 17;
    }
    return 15;
}

/* Keras 3 takes an entry with a module for one of its own. */
static int append(json_t *layers, json_t *layer, md_keras_dialect dialect)
{
    int failed = 0;
    if (dialect == MD_KERAS_3)
        failed = json_object_set_new(layer, "module", json_string("keras.layers"));
    return failed | json_array_append_new(layers, layer);
}

json_t *md_keras_config_json(const md_model_spec *spec, md_keras_dialect dialect)
{
    json_t *layers = json_array();
    int failed = append(layers, input_layer(spec, dialect), dialect);
    for (int i = 0; i < spec->layer_count; i++)
        failed |= append(layers, hidden_layer(&spec->layers[i]), dialect);
    json_t *root = json_pack("{s:s, s:{s:s, s:o}}", "class_name", "Sequential", "config", "name",
                             "mlp", "layers", layers);
    if (root && dialect == MD_KERAS_3)
        failed |= json_object_set_new(root, "module", json_string("keras"));
    if (failed) {
        json_decref(root);
        return NULL;
    }
    return root;
}

char *md_keras_config_text(json_t *json, const md_model_spec *spec)
{
    char *text = NULL;
    if (json)
        text = json_dumps(json, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(rate_digits(spec)));
    json_decref(json);
    return text;
}

char *md_keras_config_write(const md_model_spec *spec)
{
    return md_keras_config_text(md_keras_config_json(spec, MD_KERAS_LEGACY), spec);
}
