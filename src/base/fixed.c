#include "mnist_dist/base/fixed.h"

#include <math.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "no -ffast-math, -Ofast or -ffinite-math-only: sums would change, and bad numbers go unseen"
#endif

static const double unit = 4294967296.0; /* 2^32 */

int md_fixed_sum(const float *loss, size_t count, int64_t total, int64_t *out)
{
    const double limit = (double)MD_FIXED_MOST / (double)(total > 0 ? total : 1);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        double scaled = (double)loss[i] * unit;
        if (!(fabs(scaled) <= limit))
            return 0;
        sum += llrint(scaled);
    }
    *out = sum;
    return 1;
}

double md_fixed_value(int64_t fixed)
{
    return (double)fixed / unit;
}

int64_t md_fixed_from(double nats)
{
    return llrint(nats * unit);
}
