#include "export_weights.h"

#include <stdio.h>
#include <stdlib.h>

#include "export_compile.h"
#include "mnist_dist/hdf5/h5.h"
#include "mnist_dist/keras/keras_weights.h"

/*   /@compile_config             loss and optimizer, as in config.json; Keras ignores it
 *   /vars                        a group without members
 *   /layers/dense/vars/0, 1      kernel and bias of the first Dense; then dense_1, dense_2, ...
 *   /layers/normalization/vars/0, 1, 2   mean, variance and count of what standardizes raw values
 *   /optimizer/vars/0            iterations; 1 the learning rate, unless Keras is to have a
 * schedule; then what the optimizer remembers of each tensor Each vars group has exactly the
 * members that Keras counts. */

/* Hard links to the datasets of /model_weights. */
static void link_layers(md_h5 *f, const md_model_spec *spec, const md_layout *layout)
{
    int used[MD_LAYER_KIND_COUNT] = {0};
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_kind kind = spec->layers[i].kind;
        const int first = layout->first[i], count = layout->first[i + 1] - first;
        for (int k = 0; k < count; k++) {
            char from[MD_H5_PATH], to[MD_H5_PATH];
            md_path_parameter(spec, &layout->tensors[first + k], from);
            md_keras3_path(kind, used[kind], k, to);
            md_h5_put_link(f, from, to);
        }
        used[kind] += count > 0;
    }
}

/* As Keras keeps an adapted Normalization; the count is of no use to it any more. */
static void put_normalization(md_h5 *f, const md_checkpoint *c)
{
    const md_shape input = md_model_spec_input(&c->model);
    const int32_t count = 0;
    md_h5_array array = {MD_H5_F32, {.rank = input.rank}};
    if (c->scale.kind != MD_SCALE_STANDARDIZE)
        return;
    for (int i = 0; i < input.rank; i++)
        array.shape.dims[i] = input.extent[i];
    md_h5_put_array(f, MD_PATH_KERAS3_NORMALIZATION "/0", &array, c->scale.mean);
    md_h5_put_array(f, MD_PATH_KERAS3_NORMALIZATION "/1", &array, c->scale.variance);
    md_h5_put_array(f, MD_PATH_KERAS3_NORMALIZATION "/2", &(md_h5_array){.type = MD_H5_I32},
                    &count);
}

/* SGD without momentum keeps moments here and none in Keras. */
static int moments_of(const md_checkpoint *c)
{
    return c->optimizer.kind == MD_OPTIMIZER_SGD && c->optimizer.momentum <= 0.0 ? 0
                                                                                 : c->moment_count;
}

static void put_optimizer(md_h5 *f, const md_checkpoint *c, int with_rate, const md_layout *layout)
{
    const float rate = (float)c->optimizer.learning_rate;
    const int moments = moments_of(c);
    int at = 0;
    md_h5_put_array(f, "/optimizer/vars/0", &(md_h5_array){.type = MD_H5_I64}, &c->at.iterations);
    if (with_rate)
        md_h5_put_array(f, "/optimizer/vars/1", &(md_h5_array){.type = MD_H5_F32}, &rate);
    for (int i = 0; i < layout->tensor_count; i++)
        for (int m = 0; m < moments; m++) {
            const md_tensor *t = &layout->tensors[i];
            const md_h5_array array = md_tensor_array(t);
            char path[MD_H5_PATH];
            snprintf(path, sizeof path, "/optimizer/vars/%d", 1 + !!with_rate + at++);
            md_h5_put_array(f, path, &array, c->moments[m] + t->offset);
        }
}

/* What neither weights nor model tell: the loss, and whose state this is. */
static void put_compiled(md_h5 *f, const md_checkpoint *c)
{
    int scheduled;
    json_t *compiled = md_export_compile_config(c, NULL, &scheduled);
    json_t *root = json_pack("{s:o}", "compile_config", compiled);
    char *text = root ? json_dumps(root, JSON_ENSURE_ASCII) : NULL;
    if (text)
        md_h5_put_text(f, "/", "compile_config", text);
    else
        f->status = md_fail_memory(f->err, "compile_config", 1 << 12);
    json_decref(root);
    free(text);
}

md_status md_export_weights(const md_checkpoint *c, int with_rate, const char *name, md_bytes *out,
                            md_error *err)
{
    md_h5 f;
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    *out = (md_bytes){0};
    if (!md_h5_create(&f, name, err)) {
        md_keras_put_model(&f, &c->model, &c->scale, c->parameters);
        put_compiled(&f, c);
        md_h5_put_group(&f, "/vars");
        link_layers(&f, &c->model, &layout);
        put_normalization(&f, c);
        put_optimizer(&f, c, with_rate, &layout);
        md_h5_image(&f, out);
    }
    if (md_h5_close(&f))
        md_bytes_free(out);
    return f.status;
}
