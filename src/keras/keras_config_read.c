#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/keras/keras.h"
#include "mnist_dist/model/layer_kind.h"

typedef struct {
    md_model_spec spec;
    md_shape shape;                  /* of what reaches the next layer */
    char previous[2 * MD_NAME_SIZE]; /* Keras' name of the layer before */
    md_error *err;
} reader;

typedef struct {
    const char *class_name, *name;
    const json_t *config;
} entry;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static md_status refuse(reader *r, const entry *e, const char *why)
{
    return md_fail(r->err, MD_BAD_CHECKPOINT, "model_config: layer '%.60s' (%.40s) %s", e->name,
                   e->class_name, why);
}

/* [null, n], [null, rows, columns] or [null, rows, columns, 1]. */
static md_status read_shape(reader *r, const entry *e, const json_t *shape)
{
    size_t rank = json_array_size(shape);
    json_int_t dims[4] = {1, 1, 1, 1};
    for (size_t i = 1; i < rank && i < 4; i++)
        dims[i] = json_integer_value(json_array_get(shape, i));
    if (rank == 2) {
        dims[2] = dims[1];
        dims[1] = 1;
    }
    const json_int_t most = 1 << 20;
    if (rank < 2 || rank > 4 || dims[3] != 1 || dims[1] < 1 || dims[1] > most || dims[2] < 1 ||
        dims[2] > most || dims[1] * dims[2] > INT_MAX)
        return refuse(r, e, "has an input shape that is neither [n] nor [rows, columns]");
    r->spec.rows = (int)dims[1];
    r->spec.columns = (int)dims[2];
    r->shape = rank == 2 ? (md_shape){1, {(size_t)dims[2]}}
                         : (md_shape){2, {(size_t)dims[1], (size_t)dims[2]}};
    return MD_OK;
}

/* Keras 2 says batch_input_shape, Keras 3 batch_shape; either may be on the first real layer. */
static md_status take_shape(reader *r, const entry *e)
{
    const char *const keys[] = {"batch_input_shape", "batch_shape"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *shape = json_object_get(e->config, keys[i]);
        if (json_is_array(shape) && r->spec.rows == 0)
            return read_shape(r, e, shape);
    }
    return MD_OK;
}

/* A name that our files cannot have is left empty, to be filled by md_model_spec_name_layers. */
static md_layer_spec *add_layer(reader *r, const entry *e, md_layer_kind kind)
{
    md_layer_spec *layer = &r->spec.layers[r->spec.layer_count++];
    *layer = (md_layer_spec){.kind = kind};
    size_t legal = strspn(e->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-.");
    if (!e->name[legal] && legal < sizeof layer->name && e->name[0] != '.')
        memcpy(layer->name, e->name, legal + 1);
    return layer;
}

/* A word, null (the first choice), or Keras 3's {"class_name": "function", "config": "relu"}. */
static md_status read_choice(reader *r, const entry *e, const md_key *key, md_layer_spec *layer)
{
    const json_t *value = json_object_get(e->config, key->name);
    if (json_is_object(value))
        value = json_object_get(value, "config");
    const char *word = !value || json_is_null(value) ? key->choices[0] : json_string_value(value);
    if (word && md_key_set(key, layer, word, NULL) == MD_OK)
        return MD_OK;
    char why[128];
    snprintf(why, sizeof why, "has %s '%.40s'; relu, tanh, sigmoid, softmax and linear can be read",
             key->name, word ? word : "?");
    return refuse(r, e, why);
}

/* One key of a layer from Keras' config, where it has the same name. */
static md_status read_key(reader *r, const entry *e, const md_key *key, md_layer_spec *layer)
{
    const json_t *value = json_object_get(e->config, key->name);
    char text[MD_VALUE_SIZE], why[MD_VALUE_SIZE + 64], range[MD_VALUE_SIZE];
    if (key->type == MD_KEY_CHOICE)
        return read_choice(r, e, key, layer);
    if (key->type == MD_KEY_INTEGER && json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (key->type == MD_KEY_REAL && json_is_number(value))
        snprintf(text, sizeof text, "%.17g", json_number_value(value));
    else if (key->type == MD_KEY_SWITCH && json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
    else
        text[0] = '\0';
    if (md_key_set(key, layer, text, NULL) == MD_OK)
        return MD_OK;
    md_key_range(key, range);
    snprintf(why, sizeof why, "has no %s %s", key->name, range);
    return refuse(r, e, why);
}

static md_status read_input(reader *r, const entry *e)
{
    if (r->spec.layer_count > 0)
        return refuse(r, e, "is not the first layer");
    return MD_OK;
}

/* A kind that we have, too. */
static md_status read_own(reader *r, const entry *e, md_layer_kind kind)
{
    const md_layer_descriptor *d = md_layer_describe(kind);
    if (d->takes == MD_TAKES_FLAT && r->shape.rank != 1)
        return refuse(r, e, "works on images row by row; put a Flatten before it");
    md_layer_spec *layer = add_layer(r, e, kind);
    md_status status = MD_OK;
    for (size_t i = 0; !status && i < d->key_count; i++)
        status = read_key(r, e, &d->keys[i], layer);
    const md_shape in = r->shape;
    if (!status && d->shape)
        d->shape(layer, &in, &r->shape);
    return status;
}

/* An activation that stands alone becomes that of the dense layer before it. */
static md_status fold_activation(reader *r, const entry *e, md_activation activation)
{
    md_layer_spec *last = r->spec.layer_count > 0 ? &r->spec.layers[r->spec.layer_count - 1] : NULL;
    if (!last || last->kind != MD_LAYER_DENSE || last->activation != MD_LINEAR)
        return refuse(r, e, "does not follow a Dense layer without activation");
    last->activation = activation;
    return MD_OK;
}

static md_status read_alone(reader *r, const entry *e)
{
    md_layer_spec dense = {.kind = MD_LAYER_DENSE};
    md_status status = read_choice(r, e, md_layer_key(dense.kind, "activation"), &dense);
    return status ? status : fold_activation(r, e, dense.activation);
}

static md_status read_softmax(reader *r, const entry *e)
{
    return fold_activation(r, e, MD_SOFTMAX);
}

/* Leaky and clipped forms have no counterpart. */
static md_status read_relu(reader *r, const entry *e)
{
    const json_t *most = json_object_get(e->config, "max_value");
    const double slope = json_number_value(json_object_get(e->config, "negative_slope"));
    const double threshold = json_number_value(json_object_get(e->config, "threshold"));
    if ((most && !json_is_null(most)) || slope > 0.0 || slope < 0.0 || threshold > 0.0 ||
        threshold < 0.0)
        return refuse(r, e, "is not the plain max(0, x)");
    return fold_activation(r, e, MD_RELU);
}

/* What Keras has layers for and we have not. */
static const struct {
    const char *class_name;
    md_status (*read)(reader *r, const entry *e);
} classes[] = {{"InputLayer", read_input},
               {"Activation", read_alone},
               {"Softmax", read_softmax},
               {"ReLU", read_relu}};

/* The name of the one layer that a functional layer's one node takes: Keras 2 writes
 * [[["name", 0, 0, {}]]], Keras 3 [{"args": [{"config": {"keras_history": ["name", 0, 0]}}]}]. */
static const char *inbound_name(const json_t *nodes)
{
    const json_t *node = json_array_get(nodes, 0);
    const json_t *origin = json_array_get(node, 0);
    size_t inputs = json_array_size(node);
    if (json_is_object(node)) {
        const json_t *arguments = json_object_get(node, "args");
        inputs = json_array_size(arguments);
        origin = json_object_get(json_object_get(json_array_get(arguments, 0), "config"),
                                 "keras_history");
    }
    const char *name = json_string_value(json_array_get(origin, 0));
    return json_array_size(nodes) == 1 && inputs == 1 ? name : NULL;
}

static md_status check_chain(reader *r, const entry *e, const json_t *layer)
{
    const json_t *nodes = json_object_get(layer, "inbound_nodes");
    if (!nodes || (json_array_size(nodes) == 0 && r->previous[0] == '\0'))
        return MD_OK;
    const char *from = inbound_name(nodes);
    if (!from || strcmp(from, r->previous) != 0)
        return refuse(r, e,
                      "does not take the layer before it alone; only a plain chain can be "
                      "read");
    return MD_OK;
}

static md_status read_layer(reader *r, const json_t *layer)
{
    entry e = {text_of(layer, "class_name"), "", json_object_get(layer, "config")};
    e.name = text_of(e.config, "name");
    if (r->spec.layer_count == MD_MAX_LAYERS)
        return refuse(r, &e, "is one too many; at most 32 layers can be read");
    md_status status = take_shape(r, &e);
    if (!status)
        status = check_chain(r, &e, layer);
    if (status)
        return status;
    snprintf(r->previous, sizeof r->previous, "%s", e.name);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(e.class_name, classes[i].class_name) == 0)
            return classes[i].read(r, &e);
    md_layer_kind kind;
    if (md_layer_kind_of_keras(e.class_name, &kind))
        return read_own(r, &e, kind);
    return refuse(r, &e,
                  "has no counterpart here; InputLayer, Flatten, Dense, Dropout, "
                  "Activation, ReLU and Softmax can be read");
}

/* A last layer without activation gives logits, which is what ours gives before its softmax. */
static md_status finish(reader *r)
{
    md_error why;
    if (r->spec.rows == 0)
        return md_fail(r->err, MD_BAD_CHECKPOINT,
                       "model_config says nowhere what shape the input has");
    md_layer_spec *last = r->spec.layer_count > 0 ? &r->spec.layers[r->spec.layer_count - 1] : NULL;
    if (last && last->kind == MD_LAYER_DENSE && last->activation == MD_LINEAR) {
        md_info("layer '%s' gives logits; its softmax is added", last->name);
        last->activation = MD_SOFTMAX;
    }
    md_model_spec_name_layers(&r->spec);
    if (md_model_spec_check(&r->spec, &why))
        return md_fail(r->err, MD_BAD_CHECKPOINT, "model_config: %s", why.text);
    return MD_OK;
}

static md_status read_model(reader *r, const json_t *root)
{
    const char *class_name = text_of(root, "class_name");
    const json_t *config = json_object_get(root, "config");
    if (strcmp(class_name, "Sequential") != 0 && strcmp(class_name, "Functional") != 0 &&
        strcmp(class_name, "Model") != 0)
        return md_fail(r->err, MD_BAD_CHECKPOINT,
                       "model_config describes a '%.40s'; Sequential and Functional can be read",
                       class_name);
    /* A Sequential without InputLayer keeps the shape it was built with beside its layers. */
    const json_t *shape = json_object_get(config, "build_input_shape");
    const json_t *layers = json_object_get(config, "layers"), *layer;
    md_status status = MD_OK;
    if (json_is_array(shape))
        status = read_shape(r, &(entry){class_name, text_of(config, "name"), config}, shape);
    size_t i;
    json_array_foreach(layers, i, layer)
    {
        if (!status)
            status = read_layer(r, layer);
    }
    if (status)
        return status;
    return finish(r);
}

static md_status read_text(reader *r, const char *json)
{
    json_error_t where;
    json_t *root = json_loads(json, 0, &where);
    if (!root)
        return md_fail(r->err, MD_BAD_CHECKPOINT, "model_config is not JSON: %s at column %d",
                       where.text, where.column);
    md_status status = read_model(r, root);
    json_decref(root);
    return status;
}

md_status md_keras_config_read(const char *json, md_model_spec *out, md_error *err)
{
    reader r = {.err = err};
    md_status status = read_text(&r, json);
    if (!status)
        *out = r.spec;
    else if (err)
        md_text_make_printable(err->text);
    return status;
}
