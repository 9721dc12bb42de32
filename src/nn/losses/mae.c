/* |z - t|, mean over the outputs; flat where they are equal. */
#include <math.h>

#include "residual.h"

static double magnitude(double residual, const md_model_spec *spec, double *slope)
{
    (void)spec;
    *slope = (residual > 0.0) - (residual < 0.0);
    return fabs(residual);
}

static size_t compute(const md_loss_batch *batch)
{
    return md_residual_compute(batch, magnitude);
}

static double twin(const md_model_spec *spec, const double *z, const double *target, size_t width)
{
    (void)spec;
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
        sum += fabs(z[k] - target[k]);
    return sum / (double)width;
}

const md_loss md_loss_mae = {.compute = compute, .twin = twin};
