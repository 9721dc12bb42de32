/* (z - t)^2, mean over the outputs. */
#include "residual.h"

static double square(double residual, const md_model_spec *spec, double *slope)
{
    (void)spec;
    *slope = 2.0 * residual;
    return residual * residual;
}

static size_t compute(const md_loss_batch *batch)
{
    return md_residual_compute(batch, square);
}

static double twin(const md_model_spec *spec, const double *z, const double *target, size_t width)
{
    (void)spec;
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
        sum += (z[k] - target[k]) * (z[k] - target[k]);
    return sum / (double)width;
}

const md_loss md_loss_mse = {.compute = compute, .twin = twin};
