/* Rows and columns of an image become one row of features: their order in memory already. */
#include "layer.h"

const md_layer_ops md_layer_ops_flatten = {.takes_sparse = 1};
