/* What losses for numbers share: each is a mean over a sample's residuals, output - target, of a
 * function of them. Computed in double and in the outputs' order, so that the bits are the same
 * everywhere. Local; internal to nn. */
#ifndef MNIST_DIST_NN_RESIDUAL_H
#define MNIST_DIST_NN_RESIDUAL_H

#include "mnist_dist/nn/loss.h"

/* The function of a residual, and *slope, its derivative. */
typedef double md_residual_function(double residual, const md_model_spec *spec, double *slope);

/* As md_loss.compute. */
size_t md_residual_compute(const md_loss_batch *batch, md_residual_function *of);

#endif
