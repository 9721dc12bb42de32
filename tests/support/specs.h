/* Models for tests, in a line each. */
#ifndef MNIST_DIST_TEST_SUPPORT_SPECS_H
#define MNIST_DIST_TEST_SUPPORT_SPECS_H

#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/model/window.h"

md_layer_spec md_flatten(void);
md_layer_spec md_dense(int units, md_activation activation);
md_layer_spec md_dropout(double rate);
md_layer_spec md_conv2d(int filters, md_window window, md_activation activation);
md_layer_spec md_pool(md_layer_kind kind, md_window window);

/* For images of rows x columns; names its layers as the configuration would. */
md_model_spec md_spec(int rows, int columns, int layer_count, const md_layer_spec *layers);

/* The notebook's: flatten 28 x 28, dense 128 relu, 64 relu, 10 softmax. */
md_model_spec md_notebook(void);

#endif
