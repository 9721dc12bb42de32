#include "mnist_dist/keras/keras_weights.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

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
