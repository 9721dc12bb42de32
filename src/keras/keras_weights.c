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

static md_keras_dense *next_dense(md_h5 *f, md_keras_weights *out)
{
    if (out->count == MD_MAX_LAYERS)
        md_h5_fail(f, "more than %d layers with weights", MD_MAX_LAYERS);
    return f->status ? NULL : &out->dense[out->count++];
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
    md_keras_dense *dense = names.count > 0 ? next_dense(f, out) : NULL;
    if (names.count > 2)
        md_h5_fail(f, "layer '%.60s' has %zu weights; a Dense layer has 2", layer, names.count);
    if (dense && !f->status) {
        join(f, group, names.items[0], dense->kernel);
        dense->bias[0] = '\0';
        if (names.count == 2)
            join(f, group, names.items[1], dense->bias);
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

void md_keras3_path(int n, int which, char out[MD_H5_PATH])
{
    char number[16] = "";
    if (n > 0)
        snprintf(number, sizeof number, "_%d", n);
    snprintf(out, MD_H5_PATH, "/layers/dense%s/vars/%d", number, which);
}

/* Groups are named by class; only dense layers may have weights. */
static void check_other_layers(md_h5 *f)
{
    md_h5_names layers;
    md_h5_get_members(f, "/layers", &layers);
    for (size_t i = 0; i < layers.count && !f->status; i++) {
        char vars[MD_H5_PATH];
        int dense = strcmp(layers.items[i], "dense") == 0 ||
                    strncmp(layers.items[i], "dense_", strlen("dense_")) == 0;
        snprintf(vars, sizeof vars, "/layers/%.200s/vars", layers.items[i]);
        if (!dense && md_h5_members(f, vars) > 0)
            md_h5_fail(f, "layer %.60s has weights and no counterpart here", layers.items[i]);
    }
    md_h5_names_free(&layers);
}

void md_keras_find_layers(md_h5 *f, md_keras_weights *out)
{
    char path[MD_H5_PATH];
    out->count = 0;
    check_other_layers(f);
    for (md_keras3_path(0, 0, path); md_h5_exists(f, path); md_keras3_path(out->count, 0, path)) {
        int n = out->count;
        md_keras_dense *dense = next_dense(f, out);
        if (!dense)
            return;
        memcpy(dense->kernel, path, sizeof path);
        md_keras3_path(n, 1, dense->bias);
        if (!md_h5_exists(f, dense->bias))
            dense->bias[0] = '\0';
    }
}

/* f fails when kernel i is no matrix of sizes that a layer can have. */
static void get_kernel_shape(md_h5 *f, const md_keras_weights *weights, int i, md_h5_shape *shape)
{
    enum { MOST = 1 << 20 };
    md_h5_get_shape(f, weights->dense[i].kernel, shape);
    if (!f->status && (shape->rank != 2 || shape->dims[0] < 1 || shape->dims[0] > MOST ||
                       shape->dims[1] < 1 || shape->dims[1] > MOST))
        md_h5_fail(f, "%s is not the kernel of a dense layer", weights->dense[i].kernel);
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

static void get_tensors(md_h5 *f, const md_keras_weights *weights, const md_layout *layout,
                        float *parameters)
{
    const md_tensor *kernel = layout->tensors;
    for (int i = 0; i < weights->count && !f->status; i++, kernel += 2) {
        const md_tensor *bias = kernel + 1;
        const md_h5_array kernel_array = md_tensor_array(kernel, 0);
        const md_h5_array bias_array = md_tensor_array(bias, 0);
        md_h5_get_converted(f, weights->dense[i].kernel, &kernel_array,
                            parameters + kernel->offset);
        if (weights->dense[i].bias[0])
            md_h5_get_converted(f, weights->dense[i].bias, &bias_array, parameters + bias->offset);
    }
}

md_status md_keras_get_weights(md_h5 *f, const md_keras_weights *weights, const md_model_spec *spec,
                               float **parameters)
{
    *parameters = NULL;
    if (f->status)
        return f->status;
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    if (weights->count != layout.tensor_count / 2)
        return md_h5_fail(f, "has weights for %d dense layers; the model has %d", weights->count,
                          layout.tensor_count / 2);
    if (layout.parameters / MD_H5_INFLATION > f->size)
        return md_h5_fail(f, "the model has %zu parameters, more than the file can hold",
                          layout.parameters);
    void *block;
    f->status = md_allocate(&block, layout.parameters, sizeof(float), "parameters", f->err);
    get_tensors(f, weights, &layout, block);
    if (f->status)
        free(block);
    else
        *parameters = block;
    return f->status;
}
