/* The network and its optimizers in double precision, as loops from a textbook: the judge of
 * src/nn, which shares nothing with it but the description of a model. Local. Arrays are the
 * caller's; parameters and gradients are laid out as md_model_spec_layout says. */
#ifndef MNIST_DIST_TEST_SUPPORT_REFERENCE_H
#define MNIST_DIST_TEST_SUPPORT_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/nn/optimizer.h"

typedef struct md_reference_batch {
    size_t samples;
    const double *pixels;  /* [samples][rows * columns], divided by 255 */
    const uint8_t *labels; /* [samples] */
    /* By layer: the factors [samples][width] of a dropout layer; NULL = nothing dropped. */
    const double *masks[MD_MAX_LAYERS];
} md_reference_batch;

/* Logits [samples][classes]. */
void md_reference_forward(const md_model_spec *spec, const double *parameters,
                          const md_reference_batch *batch, double *logits);

/* The sum over samples of -log softmax(logits)[label]. */
double md_reference_loss(const md_model_spec *spec, const double *parameters,
                         const md_reference_batch *batch);

/* Its gradient by the parameters, overwriting every element of `gradient`. */
void md_reference_gradient(const md_model_spec *spec, const double *parameters,
                           const md_reference_batch *batch, double *gradient);

/* Step t (from 1) of the optimizer params->kind at params->learning_rate; g is multiplied by
 * `scale` first. Moments as in optimizer.h; sgd uses the first only. */
void md_reference_step(const md_optimizer_spec *params, int64_t t, double scale, size_t count,
                       const double *g, double *w, double *const moments[MD_MAX_MOMENTS]);

#endif
