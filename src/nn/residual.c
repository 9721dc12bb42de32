#include "residual.h"

#include <math.h>

size_t md_residual_compute(const md_loss_batch *b, md_residual_function *of)
{
    const double width = (double)b->width;
    for (size_t i = 0; i < b->n; i++) {
        double loss = 0.0, error = 0.0;
        for (size_t k = i * b->width; k < (i + 1) * b->width; k++) {
            const double residual = (double)b->z[k] - (double)b->targets[k];
            double slope;
            loss += of(residual, b->spec, &slope);
            error += fabs(residual);
            b->dz[k] = (float)(slope / width);
        }
        b->loss[i] = (float)(loss / width);
        b->error[i] = (float)(error / width);
    }
    return 0;
}
