#include "mnist_dist/keras/keras_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/keras/keras.h"
#include "mnist_dist/model/layer_kind.h"

/* The legacy form is read by Keras 2.2 to 3: an InputLayer with batch_input_shape, no module, no
 * registered_name, and no key that some version refuses. */

static int name_taken(const md_model_spec *spec, const char *name)
{
    for (int i = 0; i < spec->layer_count; i++)
        if (strcmp(spec->layers[i].name, name) == 0)
            return 1;
    return 0;
}

/* `word`, or with a number behind it where a layer has that name. */
static void free_name(const md_model_spec *spec, const char *word, char out[MD_NAME_SIZE])
{
    snprintf(out, MD_NAME_SIZE, "%s", word);
    for (int i = 1; name_taken(spec, out); i++)
        snprintf(out, MD_NAME_SIZE, "%s_%d", word, i);
}

static json_t *input_shape(const md_shape *input)
{
    json_t *shape = json_pack("[n]");
    int failed = 0;
    for (int i = 0; i < input->rank; i++)
        failed |= json_array_append_new(shape, json_integer((json_int_t)input->extent[i]));
    if (!failed)
        return shape;
    json_decref(shape);
    return NULL;
}

static json_t *input_layer(const md_model_spec *spec, md_keras_dialect dialect)
{
    char name[MD_NAME_SIZE];
    free_name(spec, "image", name);
    const md_shape input = md_model_spec_input(spec);
    return json_pack("{s:s, s:{s:o, s:s, s:b, s:s}}", "class_name", "InputLayer", "config",
                     dialect == MD_KERAS_3 ? "batch_shape" : "batch_input_shape",
                     input_shape(&input), "dtype", "float32", "sparse", 0, "name", name);
}

/* Numbers as lists in lists, one for each of `rank` extents. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a shape has extents. */
static json_t *nested(const float *values, const size_t *extent, int rank)
{
    size_t stride = 1;
    if (rank == 0)
        return json_real((double)values[0]);
    for (int i = 1; i < rank; i++)
        stride *= extent[i];
    json_t *list = json_array();
    for (size_t i = 0; list && i < extent[0]; i++)
        if (json_array_append_new(list, nested(values + i * stride, extent + 1, rank - 1)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* Over every axis of a sample. Keras 2 has no `invert` before 2.13. */
static json_t *normalization_layer(const md_model_spec *spec, const md_scale *scale,
                                   md_keras_dialect dialect)
{
    char name[MD_NAME_SIZE];
    free_name(spec, "normalization", name);
    const md_shape input = md_model_spec_input(spec);
    json_t *axes = json_array();
    int failed = 0;
    for (int i = 0; i < input.rank; i++)
        failed |= json_array_append_new(axes, json_integer(i + 1));
    json_t *config = json_pack("{s:s, s:b, s:s, s:o, s:n, s:n}", "name", name, "trainable", 1,
                               "dtype", "float32", "axis", axes, "mean", "variance");
    if (dialect == MD_KERAS_LEGACY) {
        failed |=
            json_object_set_new(config, "mean", nested(scale->mean, input.extent, input.rank));
        failed |= json_object_set_new(config, "variance",
                                      nested(scale->variance, input.extent, input.rank));
    } else {
        failed |= json_object_set_new(config, "invert", json_false());
    }
    json_t *layer = json_pack("{s:s, s:o}", "class_name", "Normalization", "config", config);
    if (dialect == MD_KERAS_3)
        failed |= json_object_set_new(layer, "build_config",
                                      json_pack("{s:o}", "input_shape", input_shape(&input)));
    if (!failed)
        return layer;
    json_decref(layer);
    return NULL;
}

static json_t *value_of(const md_key *key, const md_layer_spec *layer)
{
    const void *member = (const char *)layer + key->offset;
    switch (key->type) {
    case MD_KEY_INTEGER:
        return json_integer(key->size == sizeof(int) ? *(const int *)member
                                                     : *(const int64_t *)member);
    case MD_KEY_REAL:
        return json_real(*(const double *)member);
    case MD_KEY_SWITCH:
        return json_boolean(*(const int *)member);
    case MD_KEY_CHOICE:
        return json_string(key->choices[*(const int *)member]);
    default:
        return NULL; /* no layer has a key of another type */
    }
}

static json_t *hidden_layer(const md_layer_spec *layer)
{
    const md_layer_descriptor *d = md_layer_describe(layer->kind);
    json_t *config =
        json_pack("{s:s, s:b, s:s}", "name", layer->name, "trainable", 1, "dtype", "float32");
    int failed = 0;
    for (size_t i = 0; i < d->key_count; i++)
        failed |= json_object_set_new(config, d->keys[i].name, value_of(&d->keys[i], layer));
    if (d->keras_constants)
        failed |= json_object_update_new(config, json_loads(d->keras_constants, 0, NULL));
    if (!failed)
        return json_pack("{s:s, s:o}", "class_name", d->keras_class, "config", config);
    json_decref(config);
    return NULL;
}

static int is_decimal(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    const double back = strtod(text, NULL);
    return back >= value && back <= value;
}

/* Digits that give every number back exactly: 15 for decimals as people write them, else 17. */
static size_t real_digits(const md_model_spec *spec)
{
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_descriptor *d = md_layer_describe(spec->layers[i].kind);
        for (size_t k = 0; k < d->key_count; k++)
            if (d->keys[k].type == MD_KEY_REAL &&
                !is_decimal(*(const double *)(const void *)((const char *)&spec->layers[i] +
                                                            d->keys[k].offset)))
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

json_t *md_keras_config_json(const md_model_spec *spec, const md_scale *scale,
                             md_keras_dialect dialect)
{
    json_t *layers = json_array();
    int failed = append(layers, input_layer(spec, dialect), dialect);
    if (scale && scale->kind == MD_SCALE_STANDARDIZE)
        failed |= append(layers, normalization_layer(spec, scale, dialect), dialect);
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
        text = json_dumps(json, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(real_digits(spec)));
    json_decref(json);
    return text;
}

char *md_keras_config_write(const md_model_spec *spec, const md_scale *scale)
{
    return md_keras_config_text(md_keras_config_json(spec, scale, MD_KERAS_LEGACY), spec);
}
