/* A model's layers as a table, as text and on a page. Local. */
#ifndef MNIST_DIST_APP_LAYER_TABLE_H
#define MNIST_DIST_APP_LAYER_TABLE_H

#include <stdio.h>

#include "mnist_dist/model/model_spec.h"

void md_layer_table_print(const md_model_spec *spec, FILE *out);
void md_layer_table_print_html(const md_model_spec *spec, FILE *out);

#endif
