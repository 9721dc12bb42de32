/* f(x W + b) of flat rows. */
#include "mnist_dist/model/layer_kind.h"

static const md_key keys[] = {
    {"units", MD_KEY_INTEGER, MD_AT(md_layer_spec, units), .low = 1, .high = 1 << 20,
     .help = "dense: outputs"},
    MD_ACTIVATION_KEY("dense and conv2d; softmax on the last layer only"),
};

static void shape(const md_layer_spec *layer, const md_shape *in, md_shape *out)
{
    (void)in;
    *out = (md_shape){1, {(size_t)layer->units}};
}

static int tensors(const md_layer_spec *layer, const md_shape *in, md_tensor *out)
{
    const size_t inputs = md_shape_size(in), units = (size_t)layer->units;
    out[0] = (md_tensor){
        .role = "kernel", .rank = 2, .shape = {inputs, units}, .fan_in = inputs, .fan_out = units};
    out[1] = (md_tensor){.role = "bias", .rank = 1, .shape = {units}};
    return 2;
}

const md_layer_descriptor md_layer_kind_dense = {.keras_class = "Dense",
                                                 .keras_constants = "{\"use_bias\": true}",
                                                 .help = "every output sees every input",
                                                 .takes = MD_TAKES_FLAT,
                                                 .keys = keys,
                                                 .key_count = sizeof keys / sizeof *keys,
                                                 .shape = shape,
                                                 .tensors = tensors};
