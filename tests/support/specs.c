#include "specs.h"

#include <string.h>

md_layer_spec md_flatten(void)
{
    return (md_layer_spec){.kind = MD_LAYER_FLATTEN};
}

md_layer_spec md_dense(int units, md_activation activation)
{
    return (md_layer_spec){.kind = MD_LAYER_DENSE, .units = units, .activation = activation};
}

md_layer_spec md_dropout(double rate)
{
    return (md_layer_spec){.kind = MD_LAYER_DROPOUT, .rate = rate};
}

md_layer_spec md_conv2d(int filters, md_window window, md_activation activation)
{
    md_layer_spec layer = {.kind = MD_LAYER_CONV2D, .activation = activation};
    md_window_layer_set(&layer, &(md_window_layer){window, filters});
    return layer;
}

md_layer_spec md_pool(md_layer_kind kind, md_window window)
{
    md_layer_spec layer = {.kind = kind};
    md_window_layer_set(&layer, &(md_window_layer){window, 0});
    return layer;
}

md_model_spec md_spec(int rows, int columns, int layer_count, const md_layer_spec *layers)
{
    md_model_spec spec = {.rows = rows, .columns = columns, .layer_count = layer_count};
    memcpy(spec.layers, layers, (size_t)layer_count * sizeof *layers);
    md_model_spec_name_layers(&spec);
    return spec;
}

md_model_spec md_notebook(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(128, MD_RELU), md_dense(64, MD_RELU),
                                    md_dense(10, MD_SOFTMAX)};
    return md_spec(28, 28, 4, layers);
}
