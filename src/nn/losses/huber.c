/* r^2 / 2 for |r| = |z - t| up to delta, delta (|r| - delta / 2) beyond, mean over the outputs:
 * Huber, Annals of Mathematical Statistics 35, 1964; Keras' Huber. */
#include <math.h>

#include "residual.h"

static double rounded(double residual, const md_model_spec *spec, double *slope)
{
    const double delta = spec->huber_delta;
    const double near = residual < -delta ? -delta : residual > delta ? delta : residual;
    *slope = near;
    return near * (residual - 0.5 * near);
}

static size_t compute(const md_loss_batch *batch)
{
    return md_residual_compute(batch, rounded);
}

static double twin(const md_model_spec *spec, const double *z, const double *target, size_t width)
{
    const double delta = spec->huber_delta;
    double sum = 0.0;
    for (size_t k = 0; k < width; k++) {
        const double off = fabs(z[k] - target[k]);
        sum += off <= delta ? 0.5 * off * off : delta * off - 0.5 * delta * delta;
    }
    return sum / (double)width;
}

const md_loss md_loss_huber = {.compute = compute, .twin = twin};
