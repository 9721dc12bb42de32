#include "mnist_dist/model/model_spec.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mnist_dist/model/layer_kind.h"

size_t md_shape_size(const md_shape *shape)
{
    size_t size = 1;
    for (int i = 0; i < shape->rank; i++)
        size *= shape->extent[i];
    return size;
}

static const md_layer_spec *last_of(const md_model_spec *spec)
{
    return &spec->layers[spec->layer_count - 1];
}

static int name_taken(const md_model_spec *spec, const char *name)
{
    for (int i = 0; i < spec->layer_count; i++)
        if (strcmp(spec->layers[i].name, name) == 0)
            return 1;
    return 0;
}

void md_model_spec_name_layers(md_model_spec *spec)
{
    int used[MD_LAYER_KIND_COUNT] = {0};
    for (int i = 0; i < spec->layer_count; i++) {
        md_layer_spec *layer = &spec->layers[i];
        while (!layer->name[0]) {
            char name[MD_NAME_SIZE];
            int number = ++used[layer->kind];
            if (layer->kind == MD_LAYER_FLATTEN && number == 1)
                snprintf(name, sizeof name, "flatten");
            else
                snprintf(name, sizeof name, "%s_%d", md_layer_kind_name(layer->kind), number);
            if (!name_taken(spec, name))
                memcpy(layer->name, name, sizeof name);
        }
    }
}

/* A point is of older files alone: config and import take none. */
static md_status check_name(const md_model_spec *spec, int i, md_error *err)
{
    const md_layer_spec *layer = &spec->layers[i];
    size_t legal =
        strspn(layer->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    if (!layer->name[0] || layer->name[legal])
        return md_fail(err, MD_USAGE,
                       "model: layer %d is named '%s'; use letters, digits, '_' and '-'", i + 1,
                       layer->name);
    for (int j = 0; j < i; j++)
        if (strcmp(spec->layers[j].name, layer->name) == 0)
            return md_fail(err, MD_USAGE, "model: layers %d and %d are both named '%s'", j + 1,
                           i + 1, layer->name);
    return MD_OK;
}

static md_status check_values(const md_layer_spec *layer, md_error *err)
{
    const md_layer_descriptor *d = md_layer_describe(layer->kind);
    for (size_t i = 0; i < d->key_count; i++) {
        md_status status = md_key_check(&d->keys[i], layer, err);
        if (status)
            return md_fail_context(err, status, "model: layer '%s': ", layer->name);
    }
    return MD_OK;
}

/* The activation of a layer that has one; linear of others, which answer nothing. */
static md_activation activation_of(const md_layer_spec *layer)
{
    return md_layer_key(layer->kind, "activation") ? layer->activation : MD_LINEAR;
}

static md_status check_layer(const md_model_spec *spec, int i, md_error *err)
{
    const md_layer_spec *layer = &spec->layers[i];
    if (!md_layer_describe(layer->kind))
        return md_fail(err, MD_USAGE, "model: layer %d is of a kind that does not exist (%d)",
                       i + 1, (int)layer->kind);
    md_status status = check_name(spec, i, err);
    if (!status)
        status = check_values(layer, err);
    if (!status && activation_of(layer) == MD_SOFTMAX && i != spec->layer_count - 1)
        return md_fail(err, MD_USAGE, "model: layer '%s' has softmax, which only the last may have",
                       layer->name);
    return status;
}

/* What the first layer that cares for shapes takes; flat rows if none does. */
static md_layer_takes first_takes(const md_model_spec *spec)
{
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_descriptor *d = md_layer_describe(spec->layers[i].kind);
        if (d->takes != MD_TAKES_ANY || d->shape)
            return d->takes;
    }
    return MD_TAKES_FLAT;
}

int md_model_spec_takes_images(const md_model_spec *spec)
{
    return first_takes(spec) != MD_TAKES_FLAT;
}

md_shape md_model_spec_input(const md_model_spec *spec)
{
    const size_t rows = (size_t)spec->rows, columns = (size_t)spec->columns;
    switch (first_takes(spec)) {
    case MD_TAKES_IMAGES:
        return (md_shape){3, {rows, columns, 1}};
    case MD_TAKES_ANY:
        return rows == 1 ? (md_shape){1, {columns}} : (md_shape){2, {rows, columns}};
    case MD_TAKES_FLAT:
        break;
    }
    return (md_shape){1, {rows * columns}};
}

static md_status check_input(const md_layer_spec *layer, const md_shape *in, md_error *err)
{
    const md_layer_takes takes = md_layer_describe(layer->kind)->takes;
    if (takes == MD_TAKES_FLAT && in->rank != 1)
        return md_fail(err, MD_USAGE,
                       "model: layer '%s' needs flat input; put {layer: flatten} before it",
                       layer->name);
    if (takes == MD_TAKES_IMAGES && in->rank != 3)
        return md_fail(err, MD_USAGE,
                       "model: layer '%s' works on images, but what comes before it is flat",
                       layer->name);
    return MD_OK;
}

static md_status check_output(const md_layer_spec *layer, const md_shape *in, const md_shape *out,
                              md_error *err)
{
    if (md_shape_size(out) > 0 || md_shape_size(in) == 0) /* of images not seen yet */
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "model: layer '%s' has windows larger than the %zu x %zu values that reach it; "
                   "choose smaller ones, or padding same",
                   layer->name, in->extent[0], in->extent[1]);
}

/* What the layer makes of `in`; its tensors go to `tensors`, *count of them. */
static md_shape apply(const md_layer_spec *layer, const md_shape *in, md_tensor *tensors,
                      int *count)
{
    const md_layer_descriptor *d = md_layer_describe(layer->kind);
    md_shape out = *in;
    if (d->shape)
        d->shape(layer, in, &out);
    *count = d->tensors ? d->tensors(layer, in, tensors) : 0;
    return out;
}

/* Elements of a tensor, or beyond INT_MAX when they are too many to count. */
static size_t count_elements(const md_tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow(count, tensor->shape[i], &count) || count > INT_MAX)
            return (size_t)INT_MAX + 1;
    return count;
}

/* Layers that fit each other, in sizes that MPI and Keras can count. */
static md_status check_shapes(const md_model_spec *spec, int *at, md_error *err)
{
    md_shape shape = md_model_spec_input(spec);
    size_t total = 0;
    for (*at = 0; *at < spec->layer_count; ++*at) {
        const md_layer_spec *layer = &spec->layers[*at];
        md_tensor tensors[MD_MAX_LAYER_TENSORS];
        int count;
        md_status status = check_input(layer, &shape, err);
        if (status)
            return status;
        const md_shape in = shape;
        shape = apply(layer, &in, tensors, &count);
        status = check_output(layer, &in, &shape, err);
        if (status)
            return status;
        for (int i = 0; i < count; i++)
            if ((total += count_elements(&tensors[i])) > INT_MAX)
                return md_fail(err, MD_USAGE,
                               "model: layer '%s' makes the model larger than 2^31 parameters",
                               layer->name);
    }
    return MD_OK;
}

/* The last layer answers, and the loss goes with it. */
static md_status check_end(const md_model_spec *spec, md_error *err)
{
    const md_layer_spec *last = last_of(spec);
    if (last->kind != MD_LAYER_DENSE || !md_loss_describe(md_model_spec_loss(spec)))
        return md_fail(err, MD_USAGE,
                       "model: the last layer ('%s') must be dense, with activation softmax "
                       "(classes), sigmoid (two classes, or labels that can be true together) or "
                       "linear (numbers)",
                       last->name);
    const md_loss_descriptor *loss = md_loss_describe(md_model_spec_loss(spec));
    if (loss->goes_with != last->activation)
        return md_fail(err, MD_USAGE,
                       "loss is %s, which goes with activation %s in the last layer, but '%s' has "
                       "%s; `loss: auto` takes what goes with it",
                       loss->word, md_activation_words[loss->goes_with], last->name,
                       md_activation_words[last->activation]);
    return MD_OK;
}

md_status md_model_spec_check_at(const md_model_spec *spec, int *at, md_error *err)
{
    *at = -1;
    if (spec->layer_count < 1)
        return md_fail(err, MD_USAGE, "model: there are no layers; give at least one dense layer");
    if (spec->layer_count > MD_MAX_LAYERS)
        return md_fail(err, MD_USAGE, "model: %d layers; at most %d are possible",
                       spec->layer_count, MD_MAX_LAYERS);
    for (*at = 0; *at < spec->layer_count; ++*at) {
        md_status status = check_layer(spec, *at, err);
        if (status)
            return status;
    }
    *at = spec->layer_count - 1;
    md_status status = check_end(spec, err);
    if (!status)
        status = check_shapes(spec, at, err);
    if (!status)
        *at = -1;
    return status;
}

md_status md_model_spec_check(const md_model_spec *spec, md_error *err)
{
    int layer;
    return md_model_spec_check_at(spec, &layer, err);
}

static void place_tensor(md_layout *layout, int layer, md_tensor *tensor)
{
    tensor->layer = layer;
    tensor->offset = layout->parameters;
    tensor->count = count_elements(tensor);
    for (int i = tensor->rank; i < MD_MAX_TENSOR_RANK; i++)
        tensor->shape[i] = 1;
    layout->parameters += tensor->count;
    layout->tensor_count++;
}

/* See md_tensor.summed: are a micro-shard's sums fewer numbers than what they are made of? */
static void mark_summed(md_layout *layout, int layer)
{
    const int first = layout->first[layer], end = layout->first[layer + 1];
    const size_t factors =
        md_shape_size(&layout->shapes[layer]) + md_shape_size(&layout->shapes[layer + 1]);
    size_t weights = 0;
    for (int k = first; k < end; k++)
        weights += layout->tensors[k].count;
    for (int k = first; k < end; k++)
        layout->tensors[k].summed = weights <= MD_MICRO_SHARD * factors;
}

void md_model_spec_layout(const md_model_spec *spec, md_layout *out)
{
    *out = (md_layout){.shapes = {md_model_spec_input(spec)}};
    for (int i = 0; i < spec->layer_count; i++) {
        int count;
        md_tensor *tensors = &out->tensors[out->tensor_count];
        out->shapes[i + 1] = apply(&spec->layers[i], &out->shapes[i], tensors, &count);
        for (int k = 0; k < count; k++)
            place_tensor(out, i, &tensors[k]);
        out->first[i + 1] = out->tensor_count;
        if (md_layer_describe(spec->layers[i].kind)->slides)
            mark_summed(out, i);
    }
}

int md_model_spec_outputs(const md_model_spec *spec)
{
    return last_of(spec)->units;
}

md_answer md_model_spec_answer(const md_model_spec *spec)
{
    const md_layer_spec *last = last_of(spec);
    if (last->activation == MD_LINEAR)
        return MD_ANSWER_NUMBERS;
    return last->activation == MD_SIGMOID && last->units > 1 ? MD_ANSWER_LABELS : MD_ANSWER_CLASS;
}

int md_model_spec_classes(const md_model_spec *spec)
{
    if (md_model_spec_answer(spec) != MD_ANSWER_CLASS)
        return 0;
    return last_of(spec)->activation == MD_SOFTMAX ? last_of(spec)->units : 2;
}

md_loss_kind md_model_spec_loss(const md_model_spec *spec)
{
    return spec->loss != MD_LOSS_AUTO ? spec->loss
                                      : md_loss_of_activation(last_of(spec)->activation);
}

static int same_values(const md_layer_spec *a, const md_layer_spec *b)
{
    const md_layer_descriptor *d = md_layer_describe(a->kind);
    for (size_t i = 0; i < d->key_count; i++) {
        char x[MD_VALUE_SIZE], y[MD_VALUE_SIZE];
        md_key_format(&d->keys[i], a, x);
        md_key_format(&d->keys[i], b, y);
        if (strcmp(x, y) != 0)
            return 0;
    }
    return 1;
}

int md_model_spec_equal(const md_model_spec *a, const md_model_spec *b)
{
    const md_shape x = md_model_spec_input(a), y = md_model_spec_input(b);
    if (md_shape_size(&x) != md_shape_size(&y) || a->layer_count != b->layer_count ||
        (x.rank == 3 && x.extent[0] != y.extent[0]))
        return 0;
    for (int i = 0; i < a->layer_count; i++)
        if (a->layers[i].kind != b->layers[i].kind || !same_values(&a->layers[i], &b->layers[i]))
            return 0;
    return 1;
}
