/* Rows, columns and channels become one row of features. */
#include "mnist_dist/model/layer_kind.h"

static void shape(const md_layer_spec *layer, const md_shape *in, md_shape *out)
{
    (void)layer;
    *out = (md_shape){1, {md_shape_size(in)}};
}

const md_layer_descriptor md_layer_kind_flatten = {.keras_class = "Flatten",
                                                   .keras_constants =
                                                       "{\"data_format\": \"channels_last\"}",
                                                   .help = "images become flat rows",
                                                   .shape = shape};
