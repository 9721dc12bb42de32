#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "keras_reader.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/keras/keras.h"

/* [null, n], [null, rows, columns], or images of one channel, which may be first or last. */
static md_status read_shape(md_keras_reader *r, const md_keras_entry *e, const json_t *shape)
{
    const json_int_t most = 1 << 20;
    const size_t rank = json_array_size(shape);
    json_int_t dims[MD_MAX_SHAPE] = {0};
    md_shape flow = {(int)rank - 1, {0}};
    int sound = rank >= 2 && rank - 1 <= MD_MAX_SHAPE;
    for (size_t i = 0; sound && i < rank - 1; i++) {
        dims[i] = json_integer_value(json_array_get(shape, i + 1));
        sound = dims[i] >= 1 && dims[i] <= most;
        flow.extent[i] = (size_t)dims[i];
    }
    const size_t first = rank == 4 && dims[0] == 1; /* the channel comes first */
    const json_int_t rows = rank == 2 ? 1 : dims[first];
    const json_int_t columns = rank == 2 ? dims[0] : dims[first + 1];
    if (!sound || (rank == 4 && dims[first ? 0 : 2] != 1) || rows * columns > INT_MAX)
        return md_keras_refuse(r, e, "has an input shape that is neither [n] nor [rows, columns]");
    r->model.spec.rows = (int)rows;
    r->model.spec.columns = (int)columns;
    r->shape = flow;
    return MD_OK;
}

/* Keras 2 says batch_input_shape, Keras 3 batch_shape; either may be on the first real layer. */
static md_status take_shape(md_keras_reader *r, const md_keras_entry *e)
{
    const char *const keys[] = {"batch_input_shape", "batch_shape"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *shape = json_object_get(e->config, keys[i]);
        if (json_is_array(shape) && r->model.spec.rows == 0)
            return read_shape(r, e, shape);
    }
    return MD_OK;
}

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
    const int trains = json_is_true(json_object_get(json_object_get(node, "kwargs"), "training"));
    return json_array_size(nodes) == 1 && inputs == 1 && !trains ? name : NULL;
}

static md_status check_chain(md_keras_reader *r, const md_keras_entry *e, const json_t *layer)
{
    const json_t *nodes = json_object_get(layer, "inbound_nodes");
    if (!nodes || (json_array_size(nodes) == 0 && r->previous[0] == '\0'))
        return MD_OK;
    const char *from = inbound_name(nodes);
    if (!from || strcmp(from, r->previous) != 0)
        return md_keras_refuse(r, e,
                               "does not take the layer before it alone, or always acts as in "
                               "training; only a plain chain can be read");
    return MD_OK;
}

static md_status read_layer(md_keras_reader *r, const json_t *layer)
{
    md_keras_entry e = {md_keras_text(layer, "class_name"), "", json_object_get(layer, "config")};
    e.name = md_keras_text(e.config, "name");
    if (r->model.spec.layer_count == MD_MAX_LAYERS)
        return md_keras_refuse(r, &e, "is one too many; at most 32 layers can be read");
    md_status status = take_shape(r, &e);
    if (!status)
        status = check_chain(r, &e, layer);
    if (!status)
        status = md_keras_read_layer(r, &e);
    snprintf(r->previous, sizeof r->previous, "%s", e.name);
    return status;
}

/* The one layer of a functional model's output_layers: ["name", 0, 0], alone in a list, or under
 * some key; NULL when there are several. */
static const char *only_name(const json_t *layers)
{
    while (json_is_object(layers) || (json_is_array(layers) && json_array_size(layers) == 1))
        if (json_is_array(layers))
            layers = json_array_get(layers, 0);
        else if (json_object_size(layers) == 1)
            layers = json_object_iter_value(json_object_iter((json_t *)layers));
        else
            return NULL;
    return json_string_value(json_array_get(layers, 0));
}

static md_status check_output(md_keras_reader *r, const json_t *config)
{
    const json_t *layers = json_object_get(config, "output_layers");
    const char *name = only_name(layers);
    if (!layers || (name && strcmp(name, r->previous) == 0))
        return MD_OK;
    return md_fail(r->err, MD_BAD_CHECKPOINT,
                   "model_config: its output is not that of its last layer, '%.60s', alone; only a "
                   "plain chain can be read",
                   r->previous);
}

/* Without activation it may give logits, as ours does before its softmax, or numbers: which of them
 * the loss says, which is not told here. */
static md_status check_last(md_keras_reader *r)
{
    md_model_spec *spec = &r->model.spec;
    md_layer_spec *last = spec->layer_count > 0 ? &spec->layers[spec->layer_count - 1] : NULL;
    if (md_keras_waits(&r->model))
        return md_fail(r->err, MD_BAD_CHECKPOINT,
                       "model_config: layer '%.60s' comes after the last one with weights",
                       r->model.steps[r->model.step_count - 1].name);
    if (!last || last->kind != MD_LAYER_DENSE)
        return MD_OK;
    if (last->activation == MD_LINEAR) {
        last->activation = MD_SOFTMAX;
        r->model.logits = 1;
    }
    return MD_OK;
}

static md_status finish(md_keras_reader *r)
{
    md_error why;
    md_model_spec *spec = &r->model.spec;
    if (spec->rows == 0)
        return md_fail(r->err, MD_BAD_CHECKPOINT,
                       "model_config says nowhere what shape the input has");
    md_status status = check_last(r);
    if (status)
        return status;
    md_model_spec_name_layers(spec);
    if (md_model_spec_check(spec, &why))
        return md_fail(r->err, MD_BAD_CHECKPOINT, "model_config: %s", why.text);
    return MD_OK;
}

static md_status read_model(md_keras_reader *r, const json_t *root)
{
    const char *class_name = md_keras_text(root, "class_name");
    const json_t *config = json_object_get(root, "config");
    if (strcmp(class_name, "Sequential") != 0 && strcmp(class_name, "Functional") != 0 &&
        strcmp(class_name, "Model") != 0)
        return md_fail(r->err, MD_BAD_CHECKPOINT,
                       "model_config describes a '%.40s'; Sequential and Functional can be read",
                       class_name);
    /* A Sequential without InputLayer keeps the shape it was built with beside its layers. */
    const md_keras_entry model = {class_name, md_keras_text(config, "name"), config};
    const json_t *shape = json_object_get(config, "build_input_shape");
    const json_t *layers = json_object_get(config, "layers"), *layer;
    md_status status = json_is_array(shape) ? read_shape(r, &model, shape) : MD_OK;
    size_t i;
    json_array_foreach(layers, i, layer)
    {
        if (!status)
            status = read_layer(r, layer);
    }
    if (!status)
        status = check_output(r, config);
    return status ? status : finish(r);
}

md_status md_keras_model_read(const char *json, md_keras_model *out, md_error *err)
{
    json_error_t where;
    md_keras_reader r = {.err = err};
    md_status status;
    r.model.root = json_loads(json, 0, &where);
    if (r.model.root)
        status = read_model(&r, r.model.root);
    else
        status = md_fail(err, MD_BAD_CHECKPOINT, "model_config is not JSON: %s at column %d",
                         where.text, where.column);
    *out = r.model;
    if (!status)
        return MD_OK;
    md_keras_model_free(out);
    if (err)
        md_text_make_printable(err->text);
    return status;
}

void md_keras_model_free(md_keras_model *model)
{
    json_decref(model->root);
    model->root = NULL;
}

md_status md_keras_config_read(const char *json, md_model_spec *out, md_error *err)
{
    md_keras_model model;
    md_status status = md_keras_model_read(json, &model, err);
    if (status)
        return status;
    *out = model.spec;
    if (model.step_count > 0)
        status = md_fail(err, MD_BAD_CHECKPOINT, "model_config: layer '%.60s' scales what it takes",
                         model.steps[0].name);
    md_keras_model_free(&model);
    return status;
}
