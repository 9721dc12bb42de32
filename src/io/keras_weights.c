#include "keras_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/util/memory.h"

static void append(md_h5 *f, md_h5_names *to, md_h5_names *from)
{
    size_t total = to->count + from->count;
    char **items = NULL;
    if (total > MD_H5_MAX_NAMES)
        md_h5_fail(f, "more than %d names in one list", MD_H5_MAX_NAMES);
    else if (total > 0 && !(items = reallocarray(to->items, total, sizeof *items)))
        f->status = md_fail_memory(f->err, "a list of names", total * sizeof *items);
    if (!items)
        return;
    memcpy(items + to->count, from->items, from->count * sizeof *items);
    to->items = items;
    to->count = total;
    from->count = 0; /* its strings have moved */
}

void md_keras_get_names(md_h5 *f, const char *path, const char *name, md_h5_names *out)
{
    *out = (md_h5_names){0};
    char part[64];
    snprintf(part, sizeof part, "%s0", name);
    if (md_h5_has(f, path, name) || !md_h5_has(f, path, part)) {
        md_h5_get_names(f, path, name, out);
        return;
    }
    for (int i = 1; !f->status && md_h5_has(f, path, part); i++) {
        md_h5_names names;
        md_h5_get_names(f, path, part, &names);
        append(f, out, &names);
        md_h5_names_free(&names);
        snprintf(part, sizeof part, "%s%d", name, i);
    }
    if (f->status)
        md_h5_names_free(out);
}

static void get_tensor(md_h5 *f, const char *group, const char *weight, const md_tensor *t,
                       float *parameters)
{
    char path[MD_H5_PATH];
    if (snprintf(path, sizeof path, "%s/%s", group, weight) >= (int)sizeof path)
        md_h5_fail(f, "weight name '%.60s' is too long", weight);
    else
        md_h5_get_floats(f, path, &(md_h5_shape){t->rank, {t->shape[0], t->shape[1]}},
                         parameters + t->offset);
}

/* Fills the next dense layer when `layer` has weights; a layer without use_bias has a kernel only,
 * and its bias stays zero. */
static void get_layer(md_h5 *f, const char *root, const char *layer, const md_layout *layout,
                      int *next, float *parameters)
{
    char group[MD_H5_PATH];
    if (snprintf(group, sizeof group, "%s/%s", root, layer) >= (int)sizeof group)
        md_h5_fail(f, "layer name '%.60s' is too long", layer);
    if (!md_h5_has(f, group, "weight_names") && !md_h5_has(f, group, "weight_names0"))
        return;
    md_h5_names weights;
    md_keras_get_names(f, group, "weight_names", &weights);
    if (weights.count > 0 && *next == layout->tensor_count)
        md_h5_fail(f, "layer '%.60s' has weights, but the model has no layer left for them", layer);
    else if (weights.count > 2)
        md_h5_fail(f, "layer '%.60s' has %zu weights; a Dense layer has 2", layer, weights.count);
    for (size_t i = 0; i < weights.count && !f->status; i++)
        get_tensor(f, group, weights.items[i], &layout->tensors[*next + (int)i], parameters);
    if (weights.count > 0)
        *next += 2;
    md_h5_names_free(&weights);
}

static void get_layers(md_h5 *f, const char *root, const md_layout *layout, float *parameters)
{
    md_h5_names layers;
    int next = 0;
    md_keras_get_names(f, root, "layer_names", &layers);
    for (size_t i = 0; i < layers.count && !f->status; i++)
        get_layer(f, root, layers.items[i], layout, &next, parameters);
    if (!f->status && next != layout->tensor_count)
        md_h5_fail(f, "%s has weights for %d dense layers; the model has %d", root, next / 2,
                   layout->tensor_count / 2);
    md_h5_names_free(&layers);
}

md_status md_keras_get_weights(md_h5 *f, const char *root, const md_model_spec *spec,
                               float **parameters)
{
    *parameters = NULL;
    if (f->status)
        return f->status;
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    if (layout.parameters / MD_H5_INFLATION > f->size)
        return md_h5_fail(f, "model_config describes %zu parameters, more than the file can hold",
                          layout.parameters);
    void *block;
    f->status = md_allocate(&block, layout.parameters, sizeof(float), "parameters", f->err);
    get_layers(f, root, &layout, block);
    if (f->status)
        free(block);
    else
        *parameters = block;
    return f->status;
}
