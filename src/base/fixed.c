#include "mnist_dist/base/fixed.h"

#include <math.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "no -ffast-math, -Ofast or -ffinite-math-only: sums would change, and bad numbers go unseen"
#endif

static const double unit = 4294967296.0; /* 2^32 */

int md_fixed_can_add(const md_fixed *sum, const md_fixed *more)
{
    int can = 1;
    for (int k = 0; k < MD_FIXED_PIECES; k++) {
        int64_t together;
        can &= !__builtin_add_overflow(sum->piece[k], more->piece[k], &together) &&
               together <= MD_FIXED_MOST && together >= -MD_FIXED_MOST;
    }
    return can;
}

int md_fixed_add_nats(md_fixed *sum, const float *loss, size_t count, int64_t total)
{
    const double limit = (double)MD_FIXED_MOST / (double)(total > 0 ? total : 1);
    int64_t added = 0;
    for (size_t i = 0; i < count; i++) {
        double scaled = (double)loss[i] * unit;
        if (!(fabs(scaled) <= limit))
            return 0;
        added += llrint(scaled);
    }
    sum->piece[MD_FIXED_Q32] += added;
    return 1;
}

/* Whole units are taken off from the largest down, which leaves exact rests. */
int md_fixed_add(md_fixed *sum, const float *x, size_t count)
{
    md_fixed added = *sum;
    for (size_t i = 0; i < count; i++) {
        double rest = (double)x[i] / unit;
        if (!(rest >= 0.0 && rest <= unit / 4.0))
            return 0;
        for (int k = MD_FIXED_UP32; k > MD_FIXED_Q64; k--) {
            const double whole = floor(rest);
            added.piece[k] += (int64_t)whole;
            rest = (rest - whole) * unit;
        }
        added.piece[MD_FIXED_Q64] += llrint(rest);
    }
    *sum = added;
    return 1;
}

double md_fixed_value(const md_fixed *sum)
{
    double value = 0.0, scale = unit;
    for (int k = MD_FIXED_UP32; k >= MD_FIXED_Q64; k--) {
        value += (double)sum->piece[k] * scale;
        scale /= unit;
    }
    return value;
}

md_fixed md_fixed_from(double nats)
{
    return (md_fixed){.piece[MD_FIXED_Q32] = llrint(nats * unit)};
}
