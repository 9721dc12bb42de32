#include "mnist_dist/keras/keras_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

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

static md_keras_layer *next_layer(md_h5 *f, md_keras_weights *out)
{
    if (out->count == MD_MAX_LAYERS)
        md_h5_fail(f, "more than %d layers with weights", MD_MAX_LAYERS);
    return f->status ? NULL : &out->layers[out->count++];
}

static void join(md_h5 *f, const char *group, const char *name, char out[MD_H5_PATH])
{
    if (snprintf(out, MD_H5_PATH, "%s/%s", group, name) >= MD_H5_PATH)
        md_h5_fail(f, "the name '%.60s' is too long", name);
}

static void find_layer(md_h5 *f, const char *root, const char *layer, md_keras_weights *out)
{
    char group[MD_H5_PATH];
    join(f, strcmp(root, "/") == 0 ? "" : root, layer, group);
    if (!md_h5_has(f, group, "weight_names") && !md_h5_has(f, group, "weight_names0"))
        return;
    md_h5_names names;
    md_keras_get_names(f, group, "weight_names", &names);
    md_keras_layer *found = names.count > 0 ? next_layer(f, out) : NULL;
    if (names.count > MD_MAX_LAYER_TENSORS)
        md_h5_fail(f, "layer '%.60s' has %zu weights; no layer here has more than %d", layer,
                   names.count, MD_MAX_LAYER_TENSORS);
    if (found && !f->status) {
        found->count = (int)names.count;
        for (size_t i = 0; i < names.count; i++)
            join(f, group, names.items[i], found->tensor[i]);
    }
    md_h5_names_free(&names);
}

void md_keras_find_legacy(md_h5 *f, const char *root, md_keras_weights *out)
{
    md_h5_names layers;
    out->count = 0;
    md_keras_get_names(f, root, "layer_names", &layers);
    for (size_t i = 0; i < layers.count && !f->status; i++)
        find_layer(f, root, layers.items[i], out);
    md_h5_names_free(&layers);
}

void md_keras3_path(md_layer_kind kind, int n, int which, char out[MD_H5_PATH])
{
    char number[16] = "";
    if (n > 0)
        snprintf(number, sizeof number, "_%d", n);
    snprintf(out, MD_H5_PATH, "/layers/%s%s/vars/%d", md_layer_kind_name(kind), number, which);
}

/* Appends the n-th layer of a kind if the file has it. */
static int find_group(md_h5 *f, md_layer_kind kind, int n, md_keras_weights *out)
{
    char path[MD_H5_PATH];
    md_keras3_path(kind, n, 0, path);
    md_keras_layer *found = md_h5_exists(f, path) ? next_layer(f, out) : NULL;
    if (!found)
        return 0;
    for (found->count = 0; found->count < MD_MAX_LAYER_TENSORS && md_h5_exists(f, path);
         md_keras3_path(kind, n, found->count, path))
        memcpy(found->tensor[found->count++], path, sizeof path);
    return 1;
}

/* Is the group /layers/NAME among those that were found, or without weights? */
static void check_group(md_h5 *f, const char *name, const md_keras_weights *found)
{
    char vars[MD_H5_PATH];
    snprintf(vars, sizeof vars, "/layers/%.200s/vars", name);
    for (int i = 0; i < found->count; i++)
        if (strncmp(found->layers[i].tensor[0], vars, strlen(vars)) == 0 &&
            found->layers[i].tensor[0][strlen(vars)] == '/')
            return;
    if (md_h5_members(f, vars) > 0)
        md_h5_fail(f, "layer %.60s has weights and no counterpart here", name);
}

static void check_groups(md_h5 *f, const md_keras_weights *found)
{
    md_h5_names groups;
    md_h5_get_members(f, "/layers", &groups);
    for (size_t i = 0; i < groups.count && !f->status; i++)
        check_group(f, groups.items[i], found);
    md_h5_names_free(&groups);
}

void md_keras_find_layers(md_h5 *f, const md_model_spec *spec, md_keras_weights *out)
{
    int used[MD_LAYER_KIND_COUNT] = {0};
    out->count = 0;
    for (int i = 0; spec && i < spec->layer_count; i++) {
        const md_layer_kind kind = spec->layers[i].kind;
        used[kind] += find_group(f, kind, used[kind], out);
    }
    if (!spec)
        while (find_group(f, MD_LAYER_DENSE, out->count, out))
            continue;
    check_groups(f, out);
}

/* f fails when kernel i is no matrix of sizes that a layer can have. */
static void get_kernel_shape(md_h5 *f, const md_keras_weights *weights, int i, md_h5_shape *shape)
{
    enum { MOST = 1 << 20 };
    md_h5_get_shape(f, weights->layers[i].tensor[0], shape);
    if (!f->status && (shape->rank != 2 || shape->dims[0] < 1 || shape->dims[0] > MOST ||
                       shape->dims[1] < 1 || shape->dims[1] > MOST))
        md_h5_fail(f, "%s is not the kernel of a dense layer", weights->layers[i].tensor[0]);
}

int md_keras_inputs(md_h5 *f, const md_keras_weights *weights)
{
    md_h5_shape shape;
    if (weights->count == 0 || f->status)
        return 0;
    get_kernel_shape(f, weights, 0, &shape);
    return f->status ? 0 : (int)shape.dims[0];
}

void md_keras_guess_model(md_h5 *f, const md_keras_weights *weights, md_model_spec *out)
{
    int width = md_keras_inputs(f, weights);
    if (weights->count == 0 && !f->status)
        md_h5_fail(f, "has no weights of dense layers");
    *out = (md_model_spec){.rows = 1, .columns = width};
    for (int i = 0; i < weights->count && !f->status; i++) {
        md_h5_shape shape;
        get_kernel_shape(f, weights, i, &shape);
        if (!f->status && (int)shape.dims[0] != width)
            md_h5_fail(f, "kernel %d does not follow the one before it", i + 1);
        if (f->status)
            return;
        width = (int)shape.dims[1];
        out->layers[out->layer_count++] =
            (md_layer_spec){.kind = MD_LAYER_DENSE,
                            .units = width,
                            .activation = i + 1 < weights->count ? MD_RELU : MD_SOFTMAX};
    }
}

static void get_layer(md_h5 *f, const md_keras_layer *from, const md_tensor *tensors, int count,
                      float *parameters)
{
    if (from->count > count)
        md_h5_fail(f, "%s belongs to a layer with %d weights, and %d are known here",
                   from->tensor[0], from->count, count);
    for (int i = 0; i < from->count && !f->status; i++) {
        const md_h5_array array = md_tensor_array(&tensors[i]);
        md_h5_get_converted(f, from->tensor[i], &array, parameters + tensors[i].offset);
    }
}

static void get_tensors(md_h5 *f, const md_keras_weights *weights, const md_layout *layout,
                        int layers, float *parameters)
{
    const md_keras_layer *from = weights->layers;
    for (int i = 0; i < layers && !f->status; i++) {
        const int count = layout->first[i + 1] - layout->first[i];
        if (count > 0)
            get_layer(f, from++, &layout->tensors[layout->first[i]], count, parameters);
    }
}

static int count_weighted(const md_layout *layout, int layers)
{
    int count = 0;
    for (int i = 0; i < layers; i++)
        count += layout->first[i + 1] > layout->first[i];
    return count;
}

md_status md_keras_get_weights(md_h5 *f, const md_keras_weights *weights, const md_model_spec *spec,
                               float **parameters)
{
    *parameters = NULL;
    if (f->status)
        return f->status;
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    const int weighted = count_weighted(&layout, spec->layer_count);
    if (weights->count != weighted)
        return md_h5_fail(f, "has weights for %d layers; the model has %d with weights",
                          weights->count, weighted);
    if (layout.parameters > f->most)
        return md_h5_fail(f, "the model has %zu parameters, more than the file can hold",
                          layout.parameters);
    void *block;
    f->status = md_allocate(&block, layout.parameters, sizeof(float), "parameters", f->err);
    get_tensors(f, weights, &layout, spec->layer_count, block);
    if (f->status)
        free(block);
    else
        *parameters = block;
    return f->status;
}
