/* A maximum that does not forget. Local. */
#ifndef MNIST_DIST_BASE_LARGER_H
#define MNIST_DIST_BASE_LARGER_H

#include <math.h>

/* The larger of two, or the one that is no number. In place of fmax, which forgets that one, and on
 * loops of which GCC 12.2 for arm64 ends with an internal error. */
static inline double md_larger(double a, double b)
{
    return isnan(a) || b <= a ? a : b;
}

#endif
