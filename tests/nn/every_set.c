#include "every_set.h"

#include <math.h>

void md_for_every_set(void (*check)(const md_kernels *kernels))
{
    size_t count;
    const md_kernels *const *sets = md_kernels_available(&count);
    for (size_t i = 0; i < count; i++)
        check(sets[i]);
}

void md_add_multiple(float a, const float *x, size_t count, float *sum)
{
    for (size_t i = 0; i < count && a != 0.0f; i++)
        sum[i] = fmaf(a, x[i], sum[i]);
}
