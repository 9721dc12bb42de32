#include "set.h"

#define QUOTE(text) #text
#define NAME_OF(set) QUOTE(set)

const md_kernels MD_SET(kernels) = {
    .name = NAME_OF(MD_KERNEL_SET),
    .sparse_forward = MD_SET(sparse_forward),
    .sparse_columns = MD_SET(sparse_columns),
    .sparse_gradient = MD_SET(sparse_gradient),
    .sparse_scratch = MD_SET(sparse_scratch),
    .product = MD_SET(product),
    .convolve = MD_SET(convolve),
    .max_pool = MD_SET(max_pool),
    .max_pool_gradient = MD_SET(max_pool_gradient),
    .mean_pool = MD_SET(mean_pool),
    .mean_pool_gradient = MD_SET(mean_pool_gradient),
    .column_sum = MD_SET(column_sum),
    .relu = MD_SET(relu),
    .relu_gradient = MD_SET(relu_gradient),
    .exp = MD_SET(exp),
    .log = MD_SET(log),
    .tanh = MD_SET(tanh),
    .sigmoid = MD_SET(sigmoid),
    .softmax_loss = MD_SET(softmax_loss),
    .all_within = MD_SET(all_within),
    .bytes_to_floats = MD_SET(bytes_to_floats),
    .adam = MD_SET(adam),
    .sgd = MD_SET(sgd),
    .stream = MD_SET(stream),
    .stream_fence = MD_SET(stream_fence),
    .square_sum = MD_SET(square_sum),
};
