#include "every_set.h"

#include <math.h>
#include <string.h>

void md_for_every_set(void (*check)(const md_kernels *kernels))
{
    size_t count;
    const md_kernels *const *sets = md_kernels_available(&count);
    for (size_t i = 0; i < count; i++)
        check(sets[i]);
}

/* Where the whole tree is compiled for a CPU with fma, the baseline has it as well. */
static int is_fused(const md_kernels *kernels)
{
#if defined(__FMA__)
    (void)kernels;
    return 1;
#else
    return strcmp(kernels->name, "baseline") != 0;
#endif
}

void md_add_multiple(const md_kernels *kernels, float a, const float *x, size_t count, float *sum)
{
    const int fused = is_fused(kernels);
    for (size_t i = 0; i < count && a != 0.0f; i++)
        sum[i] = fused ? fmaf(a, x[i], sum[i]) : a * x[i] + sum[i];
}
