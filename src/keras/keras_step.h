/* What a step (keras_model.h) does to each value that it takes. Local; internal to keras. */
#ifndef MNIST_DIST_KERAS_KERAS_STEP_H
#define MNIST_DIST_KERAS_KERAS_STEP_H

#include "mnist_dist/keras/keras_weights.h"

/* x * scale + offset, for each input or output of a layer. */
typedef struct md_keras_affine {
    size_t count;
    double *scale, *offset;
} md_keras_affine;

/* Lets the step come after what `a` does already. f fails, naming it, when it has numbers that
 * cannot be right or are too many. */
md_status md_keras_step_apply(md_h5 *f, const md_keras_step *step, const md_keras_layer *saved,
                              md_keras_affine *a);

/* The axes that its numbers differ along: bit 1 << a for axis a of the sample's shape. */
unsigned md_keras_step_axes(const md_keras_step *step);

#endif
