/* Models for tests, in a line each. */
#ifndef MNIST_DIST_TEST_NN_SPECS_H
#define MNIST_DIST_TEST_NN_SPECS_H

#include "mnist_dist/model/model_spec.h"

md_layer_spec md_flatten(void);
md_layer_spec md_dense(int units, md_activation activation);
md_layer_spec md_dropout(double rate);

/* Images of 1 x pixels. */
md_model_spec md_spec(int pixels, int layer_count, const md_layer_spec *layers);

#endif
