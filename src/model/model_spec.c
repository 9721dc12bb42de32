#include "mnist_dist/model/model_spec.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *const activation_names[] = {"linear", "relu", "tanh", "sigmoid", "softmax"};
static const char *const kind_names[] = {"flatten", "dense", "dropout"};

enum {
    ACTIVATIONS = sizeof activation_names / sizeof *activation_names,
    KINDS = sizeof kind_names / sizeof *kind_names
};

const char *md_activation_name(md_activation activation)
{
    return (unsigned)activation < ACTIVATIONS ? activation_names[activation] : NULL;
}

int md_activation_parse(const char *name, md_activation *out)
{
    for (int i = 0; i < ACTIVATIONS; i++)
        if (strcmp(name, activation_names[i]) == 0) {
            *out = (md_activation)i;
            return 1;
        }
    return 0;
}

const char *md_layer_kind_name(md_layer_kind kind)
{
    return (unsigned)kind < KINDS ? kind_names[kind] : NULL;
}

int md_layer_kind_parse(const char *name, md_layer_kind *out)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (md_layer_kind)i;
            return 1;
        }
    return 0;
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
    int used[KINDS] = {0};
    for (int i = 0; i < spec->layer_count; i++) {
        md_layer_spec *layer = &spec->layers[i];
        while (!layer->name[0]) {
            char name[MD_NAME_SIZE];
            int number = ++used[layer->kind];
            if (layer->kind == MD_LAYER_FLATTEN && number == 1)
                snprintf(name, sizeof name, "flatten");
            else
                snprintf(name, sizeof name, "%s_%d", kind_names[layer->kind], number);
            if (!name_taken(spec, name))
                memcpy(layer->name, name, sizeof name);
        }
    }
}

static md_status check_layer(const md_model_spec *spec, int i, md_error *err)
{
    const md_layer_spec *layer = &spec->layers[i];
    size_t legal =
        strspn(layer->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    if (!layer->name[0] || layer->name[legal])
        return md_fail(err, MD_USAGE,
                       "model: layer %d is named '%s'; use letters, digits, '_', '-' and '.'",
                       i + 1, layer->name);
    for (int j = 0; j < i; j++)
        if (strcmp(spec->layers[j].name, layer->name) == 0)
            return md_fail(err, MD_USAGE, "model: layers %d and %d are both named '%s'", j + 1,
                           i + 1, layer->name);
    if (layer->kind == MD_LAYER_DENSE && (layer->units < 1 || layer->units > 1 << 20))
        return md_fail(err, MD_USAGE, "model: layer '%s' has %d units; 1 to 1048576 are possible",
                       layer->name, layer->units);
    if (layer->kind == MD_LAYER_DROPOUT && !(layer->rate >= 0.0 && layer->rate < 1.0))
        return md_fail(err, MD_USAGE, "model: layer '%s' has rate %g; it must be in [0, 1)",
                       layer->name, layer->rate);
    if (layer->kind == MD_LAYER_DENSE && layer->activation == MD_SOFTMAX &&
        i != spec->layer_count - 1)
        return md_fail(err, MD_USAGE, "model: layer '%s' has softmax, which only the last may have",
                       layer->name);
    return MD_OK;
}

/* Sizes must fit the int arguments of CBLAS. */
static md_status check_sizes(const md_model_spec *spec, int *at, md_error *err)
{
    size_t width = (size_t)spec->rows * (size_t)spec->columns;
    size_t total = 0;
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_spec *layer = &spec->layers[i];
        if (layer->kind != MD_LAYER_DENSE)
            continue;
        size_t units = (size_t)layer->units;
        size_t kernel;
        *at = i;
        if (__builtin_mul_overflow(width, units, &kernel) || kernel > INT_MAX ||
            (total += kernel + units) > INT_MAX)
            return md_fail(err, MD_USAGE,
                           "model: layer '%s' makes the model larger than 2^31 parameters",
                           layer->name);
        width = units;
    }
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
    const md_layer_spec *last = &spec->layers[spec->layer_count - 1];
    if (last->kind != MD_LAYER_DENSE || last->activation != MD_SOFTMAX)
        return md_fail(err, MD_USAGE,
                       "model: the last layer ('%s') must be dense with activation softmax",
                       last->name);
    return check_sizes(spec, at, err);
}

md_status md_model_spec_check(const md_model_spec *spec, md_error *err)
{
    int layer;
    return md_model_spec_check_at(spec, &layer, err);
}

static void add_tensor(md_layout *layout, int layer, const char *role, size_t rows, size_t columns)
{
    md_tensor *tensor = &layout->tensors[layout->tensor_count++];
    *tensor = (md_tensor){.layer = layer,
                          .role = role,
                          .rank = columns ? 2 : 1,
                          .shape = {rows, columns ? columns : 1},
                          .offset = layout->parameters,
                          .count = rows * (columns ? columns : 1)};
    layout->parameters += tensor->count;
}

void md_model_spec_layout(const md_model_spec *spec, md_layout *out)
{
    *out = (md_layout){0};
    size_t width = (size_t)spec->rows * (size_t)spec->columns;
    for (int i = 0; i < spec->layer_count; i++) {
        if (spec->layers[i].kind != MD_LAYER_DENSE)
            continue;
        size_t units = (size_t)spec->layers[i].units;
        add_tensor(out, i, "kernel", width, units);
        add_tensor(out, i, "bias", units, 0);
        width = units;
    }
}

int md_model_spec_classes(const md_model_spec *spec)
{
    return spec->layers[spec->layer_count - 1].units;
}

int md_model_spec_equal(const md_model_spec *a, const md_model_spec *b)
{
    if (a->rows * a->columns != b->rows * b->columns || a->layer_count != b->layer_count)
        return 0;
    for (int i = 0; i < a->layer_count; i++) {
        const md_layer_spec *x = &a->layers[i], *y = &b->layers[i];
        if (x->kind != y->kind)
            return 0;
        if (x->kind == MD_LAYER_DENSE && (x->units != y->units || x->activation != y->activation))
            return 0;
        if (x->kind == MD_LAYER_DROPOUT && (x->rate < y->rate || x->rate > y->rate))
            return 0;
    }
    return 1;
}

const md_tensor *md_layout_find(const md_layout *layout, size_t index)
{
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *tensor = &layout->tensors[i];
        if (index >= tensor->offset && index < tensor->offset + tensor->count)
            return tensor;
    }
    return NULL;
}
