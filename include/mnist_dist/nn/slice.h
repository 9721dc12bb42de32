/* Cutting a model's parameters into slices, one for each rank of a node. All cuts lie
 * between rows of tensors (md_tensor_row). Local. */
#ifndef MNIST_DIST_NN_SLICE_H
#define MNIST_DIST_NN_SLICE_H

#include "mnist_dist/nn/model.h"

/* Rows of all tensors together. */
size_t md_slice_rows(const md_layout *layout);

/* Slice number `part` of `parts`, which take about equally long to compute the gradient of and to
 * step, for batches of `samples`. density[pixel]: the share of images that have it, for the rows of
 * the first tensor; NULL: all have all. */
md_range md_slice_cut(const md_layout *layout, const float *density, size_t samples, int part,
                      int parts);

/* Calls take(context, row, range) for every row of `slice`: its number among all, and its
 * parameters. */
void md_slice_walk(const md_layout *layout, md_range slice,
                   void (*take)(void *context, size_t row, md_range range), void *context);

#endif
