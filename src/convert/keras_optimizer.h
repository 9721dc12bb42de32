/* Optimizers in files of Keras. */
#ifndef MNIST_DIST_CONVERT_KERAS_OPTIMIZER_H
#define MNIST_DIST_CONVERT_KERAS_OPTIMIZER_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/keras/keras_weights.h"

/* How the model was compiled, from the JSON of @training_config or config.json: optimizer,
 * hyper-parameters and clip_norm, as far as it tells. What has no counterpart is said in a line
 * that starts with `name` (md_info). 0 when it was an optimizer that is none of ours. */
int md_keras_optimizer_read(const char *json, const char *name, md_optimizer_spec *spec);

/* Fills moments, iterations and learning rate of c, a checkpoint of these weights, from what the
 * file holds in one of the orders of Keras 2 and 3; else says so (md_info) when there is something
 * else, and leaves c as it was. Fails only when out of memory. */
void md_keras_optimizer_get(md_h5 *f, const md_keras_model *model, const md_keras_weights *weights,
                            md_checkpoint *c);

/* 0.001 for the float nearest to it: the shortest decimal that gives it back. */
double md_shortest(float value);

#endif
