/* Of each window of the image, channel by channel, the mean value. */
#include "mnist_dist/model/window.h"

static const md_key keys[] = {
    MD_WINDOW_KEYS("pool_size", "pooling: rows and columns of its windows", NULL),
};

const md_layer_descriptor md_layer_kind_average_pool2d = {
    .keras_class = "AveragePooling2D",
    .keras_constants = "{\"data_format\": \"channels_last\"}",
    .help = "the mean value of each window of the image",
    .takes = MD_TAKES_IMAGES,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
    .shape = md_window_pooled_shape};
