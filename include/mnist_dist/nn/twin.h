/* The network once more in double precision, as loops from a textbook: the judge of `--debug`
 * and of the tests, of gradients through differences of its loss alone. Slow. Local. */
#ifndef MNIST_DIST_NN_TWIN_H
#define MNIST_DIST_NN_TWIN_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/nn/model.h"

typedef struct md_twin md_twin;

/* n samples and what their dropout depends on; everything is borrowed for the call. */
typedef struct md_twin_batch {
    size_t samples;
    const double *pixels;  /* [n][rows * columns], divided by 255 */
    const int32_t *labels; /* [n]; not needed for logits */
    const float *targets;  /* [n][outputs], instead of them; NULL: none */
    const uint32_t *ids;   /* [n], as in md_batch */
    md_pass pass;
} md_twin_batch;

/* spec has passed md_model_spec_check and is copied. *out is NULL on error. */
md_status md_twin_create(const md_model_spec *spec, md_twin **out, md_error *err);
void md_twin_destroy(md_twin **twin); /* NULL is fine; clears *twin */

/* Of sample n, [outputs], before the last activation; valid until the next call. parameters as laid
 * out by md_model_spec_layout, here and below. */
const double *md_twin_logits(md_twin *twin, const double *parameters, const md_twin_batch *batch,
                             size_t n);

/* The sum of the samples' losses. */
double md_twin_loss(md_twin *twin, const double *parameters, const md_twin_batch *batch);

/* The derivative of that sum by parameter `index`, by central differences; parameters are as
 * before when it returns. */
double md_twin_slope(md_twin *twin, double *parameters, size_t index, const md_twin_batch *batch);

#endif
