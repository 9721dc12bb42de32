/* Adam in files of Keras. */
#ifndef MNIST_DIST_CONVERT_ADAM_STATE_H
#define MNIST_DIST_CONVERT_ADAM_STATE_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/hdf5/h5.h"

/* Fills moments, iterations and learning rate of c, which has two moment blocks, when the file
 * holds them in one of the orders of Keras 2 and 3; else says so (md_info) when there is something
 * else, and leaves c as it was. Fails only when out of memory. */
void md_adam_state_get(md_h5 *f, md_checkpoint *c);

/* Name and hyper-parameters of the Adam or AdamW that the model was compiled with, from the JSON of
 * @training_config or config.json, as far as it tells; 0 when it was another optimizer. */
int md_adam_config_read(const char *json, md_checkpoint *c);

/* 0.001 for the float nearest to it: the shortest decimal that gives it back. */
double md_shortest(float value);

#endif
