#include <stdio.h>
#include <stdlib.h>

#include "mnist_dist/keras/keras.h"
#include "mnist_dist/keras/keras_weights.h"

void md_path_parameter(const md_model_spec *spec, const md_tensor *t, char out[MD_H5_PATH])
{
    const char *layer = spec->layers[t->layer].name;
    snprintf(out, MD_H5_PATH, "%s/%s/%s/%s:0", MD_PATH_MODEL, layer, layer, t->role);
}

md_h5_array md_tensor_array(const md_tensor *t)
{
    md_h5_array array = {MD_H5_F32, {.rank = t->rank}};
    for (int i = 0; i < t->rank; i++)
        array.shape.dims[i] = t->shape[i];
    return array;
}

static void put_dialect(md_h5 *f, const char *path)
{
    md_h5_put_text(f, path, "keras_version", MD_KERAS_VERSION);
    md_h5_put_text(f, path, "backend", MD_KERAS_BACKEND);
}

static void put_config(md_h5 *f, const md_model_spec *spec, const md_scale *scale)
{
    char *config = md_keras_config_write(spec, scale);
    if (config)
        md_h5_put_text(f, "/", "model_config", config);
    else
        f->status = md_fail_memory(f->err, "model_config", 1 << 16);
    free(config);
}

/* K2.2 wants the list even of a layer without weights. */
static void put_layer(md_h5 *f, const md_model_spec *spec, const md_layout *layout, int i)
{
    char group[MD_H5_PATH], names[MD_MAX_LAYER_TENSORS][MD_H5_PATH];
    const char *list[MD_MAX_LAYER_TENSORS];
    size_t count = 0;
    snprintf(group, sizeof group, "%s/%s", MD_PATH_MODEL, spec->layers[i].name);
    for (int k = layout->first[i]; k < layout->first[i + 1]; k++, count++) {
        snprintf(names[count], sizeof names[count], "%s/%s:0", spec->layers[i].name,
                 layout->tensors[k].role);
        list[count] = names[count];
    }
    md_h5_put_group(f, group);
    md_h5_put_names(f, group, "weight_names", list, count);
}

static void put_tensors(md_h5 *f, const md_model_spec *spec, const md_layout *layout,
                        const float *parameters)
{
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *t = &layout->tensors[i];
        char path[MD_H5_PATH];
        md_path_parameter(spec, t, path);
        const md_h5_array array = md_tensor_array(t);
        md_h5_put_array(f, path, &array, parameters + t->offset);
        if (t->rank > 1)
            md_h5_put_text(f, path, "axes", t->rank == 2 ? "in,out" : "rows,columns,in,out");
    }
}

void md_keras_put_model(md_h5 *f, const md_model_spec *spec, const md_scale *scale,
                        const float *parameters)
{
    const char *names[MD_MAX_LAYERS];
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    put_dialect(f, "/");
    put_config(f, spec, scale);
    md_h5_put_group(f, MD_PATH_MODEL);
    put_dialect(f, MD_PATH_MODEL);
    for (int i = 0; i < spec->layer_count; i++) {
        names[i] = spec->layers[i].name;
        put_layer(f, spec, &layout, i);
    }
    md_h5_put_names(f, MD_PATH_MODEL, "layer_names", names, (size_t)spec->layer_count);
    put_tensors(f, spec, &layout, parameters);
}
