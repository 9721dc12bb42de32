/* a b + c rounded once, for vectors of a set whose instructions round twice. Slow and right: the
 * same bits as fma for any numbers. Included by set.h alone. */
#ifndef MNIST_DIST_NN_FUSED_H
#define MNIST_DIST_NN_FUSED_H

#include <stdint.h>

typedef double doubles __attribute__((vector_size(16)));
typedef int64_t words __attribute__((vector_size(16)));

/* A product of floats is exact in double. What its sum with c loses is found exactly (two-sum:
 * Knuth, The Art of Computer Programming 2, 4.2.2) and, if anything is lost, the sum's neighbour
 * that is odd and on the right side is taken: "rounding to odd", after which rounding to float
 * gives what a single rounding would (Boldo & Melquiond, IEEE Transactions on Computers 57, 2008).
 * Infinite and NaN sums lose NaN, which compares false. */
MD_INLINE doubles add_to_odd(doubles product, doubles c)
{
    doubles sum = product + c, taken = sum - product;
    doubles lost = (product - (sum - taken)) + (c - taken);
    doubles outwards = lost * sum;
    words bits = (words)sum, step = (words)(outwards < 0.0) - (words)(outwards > 0.0);
    return (doubles)(bits + (step & ((bits & 1) - 1)));
}

MD_INLINE vec fused(float a, vec b, vec c)
{
    vec sum = {0};
    for (size_t i = 0; i < LANES; i += 2) {
        doubles product = (double)a * (doubles){(double)b[i], (double)b[i + 1]};
        doubles two = add_to_odd(product, (doubles){(double)c[i], (double)c[i + 1]});
        sum[i] = (float)two[0];
        sum[i + 1] = (float)two[1];
    }
    return sum;
}

#endif
