/* Some values set to zero in training, so that no unit relies on another. */
#include "mnist_dist/model/layer_kind.h"

static const md_key keys[] = {
    {"rate", MD_KEY_REAL, MD_AT(md_layer_spec, rate), .high = 1, .open = MD_OPEN_HIGH,
     .help = "dropout: the share of values set to zero"},
};

const md_layer_descriptor md_layer_kind_dropout = {.keras_class = "Dropout",
                                                   .help = "some values set to zero in training",
                                                   .keys = keys,
                                                   .key_count = sizeof keys / sizeof *keys};
