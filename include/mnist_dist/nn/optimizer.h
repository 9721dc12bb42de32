/* Optimizers over slices of flat blocks. Local and stateless: moments belong to the caller, the
 * step number is an argument, and one call on the whole block equals any split into slices, bit for
 * bit. The formula of each is in its file of src/nn/optimizers. */
#ifndef MNIST_DIST_NN_OPTIMIZER_H
#define MNIST_DIST_NN_OPTIMIZER_H

#include "mnist_dist/model/optimizer_spec.h"
#include "mnist_dist/nn/kernels.h"

typedef struct md_optimizer_slice {
    size_t count; /* parameters in it */
    const float *gradient;
    float *parameters;
    float *moments[MD_MAX_MOMENTS];
} md_optimizer_slice;

/* What a step depends on. */
typedef struct md_optimizer_step {
    const md_optimizer_spec *spec;
    const md_kernels *kernels;
    int64_t iteration;     /* t, from 1 */
    double learning_rate;  /* the schedule's */
    double gradient_scale; /* multiplies the gradient before anything else */
} md_optimizer_step;

/* A step's constants, the same for every slice. */
typedef struct md_optimizer_constants {
    const md_kernels *kernels;
    union {
        md_adam_step adam;
        md_sgd_step sgd;
    };
} md_optimizer_constants;

typedef struct md_optimizer {
    void (*begin)(const md_optimizer_step *step, md_optimizer_constants *out);
    void (*apply)(const md_optimizer_constants *constants, const md_optimizer_slice *slice);
} md_optimizer;

/* NULL for what is no optimizer. */
const md_optimizer *md_optimizer_find(md_optimizer_kind kind);

#endif
