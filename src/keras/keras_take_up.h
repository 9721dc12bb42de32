/* Weights that do the scaling of what their layer takes. Local; internal to keras. */
#ifndef MNIST_DIST_KERAS_KERAS_TAKE_UP_H
#define MNIST_DIST_KERAS_KERAS_TAKE_UP_H

#include "keras_step.h"

/* x for each of `count` values; free(a->scale). */
md_status md_keras_affine_create(size_t count, md_keras_affine *a, md_error *err);

int md_keras_is_identity(const md_keras_affine *a);
/* All values are scaled alike. */
int md_keras_is_uniform(const md_keras_affine *a);

/* kernel[0] and [1], a layer's kernel and bias among the parameters, take up what scales its
 * inputs. MD_BAD_CHECKPOINT naming the layer when it is a convolution that cannot, or numbers grow
 * beyond all. */
md_status md_keras_take_up(const md_keras_affine *a, const md_layer_spec *layer,
                           const md_tensor *kernel, float *parameters, md_error *err);

#endif
