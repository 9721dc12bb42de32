/* The network once more in double precision, as loops from a textbook, dropout off: the judge of
 * gradients, for `--debug` and for the tests. Slow. Local. */
#ifndef MNIST_DIST_NN_TWIN_H
#define MNIST_DIST_NN_TWIN_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/model/model_spec.h"

typedef struct md_twin md_twin;

/* spec has passed md_model_spec_check and is copied. *out is NULL on error. */
md_status md_twin_create(const md_model_spec *spec, md_twin **out, md_error *err);
void md_twin_destroy(md_twin **twin); /* NULL is fine; clears *twin */

/* The sum of n samples' losses. parameters as laid out by md_model_spec_layout;
 * pixels[n][rows * columns], divided by 255. */
double md_twin_loss(md_twin *twin, const double *parameters, const double *pixels,
                    const uint8_t *labels, size_t n);

/* The derivative of that sum by parameter `index`, by central differences; parameters are as
 * before when it returns. */
double md_twin_slope(md_twin *twin, double *parameters, size_t index, const double *pixels,
                     const uint8_t *labels, size_t n);

#endif
