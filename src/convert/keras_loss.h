/* Losses in files of Keras. */
#ifndef MNIST_DIST_CONVERT_KERAS_LOSS_H
#define MNIST_DIST_CONVERT_KERAS_LOSS_H

#include "mnist_dist/keras/keras_model.h"

/* The loss that the model was compiled with, from the JSON of @training_config or config.json
 * (NULL: there is none), becomes the model's, and says what a last layer without activation gives:
 * numbers, or what softmax or sigmoid are still to be applied to. What is assumed, or goes on
 * otherwise than it was, is said in a line (md_info) that starts with `name`. */
void md_keras_loss_read(const char *json, const char *name, md_keras_model *model);

#endif
