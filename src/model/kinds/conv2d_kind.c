/* f(x * W + b): every filter looks at each window of the image with the same weights. */
#include "mnist_dist/model/window.h"

static const md_key keys[] = {
    {"filters", MD_KEY_INTEGER, MD_OWN(md_window_layer, filters), .low = 1, .high = 4096,
     .help = "conv2d: output channels"},
    MD_WINDOW_KEYS("kernel_size", "conv2d: rows and columns of its windows", "1"),
    MD_ACTIVATION_KEY("dense and conv2d; softmax on the last layer only"),
};

static void shape(const md_layer_spec *layer, const md_shape *in, md_shape *out)
{
    const md_window_layer own = md_window_layer_of(layer);
    const md_sliding s = md_window_slide(&own.window, in);
    *out = (md_shape){3, {s.out[0], s.out[1], (size_t)own.filters}};
}

static int tensors(const md_layer_spec *layer, const md_shape *in, md_tensor *out)
{
    const md_window_layer own = md_window_layer_of(layer);
    const size_t size = (size_t)own.window.size, filters = (size_t)own.filters;
    const size_t channels = in->extent[2], window = size * size;
    out[0] = (md_tensor){.role = "kernel",
                         .rank = 4,
                         .shape = {size, size, channels, filters},
                         .fan_in = window * channels,
                         .fan_out = window * filters};
    out[1] = (md_tensor){.role = "bias", .rank = 1, .shape = {filters}};
    return 2;
}

const md_layer_descriptor md_layer_kind_conv2d = {
    .keras_class = "Conv2D",
    .keras_constants = "{\"use_bias\": true, \"data_format\": \"channels_last\"}",
    .keras_ones = "dilation_rate groups",
    .help = "filters that look at every window of the image with the same weights",
    .takes = MD_TAKES_IMAGES,
    .slides = 1,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
    .shape = shape,
    .tensors = tensors};
