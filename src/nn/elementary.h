/* The elementary functions that reach weights, losses or metrics. A C library's differ between
 * versions and CPUs; these are textbook series in double with nothing but what IEEE 754 defines, in
 * the order that the source says, so that every machine has the same bits. nearest_exp and
 * nearest_tanh give the float nearest to the true value, for each argument there is; the other two
 * miss it by less than 0.5 + 2^-23 units in the last place (tests/nn/test_elementary.c). Without
 * branches or tables: loops over them vectorise. Local; internal to nn. */
#ifndef MNIST_DIST_NN_ELEMENTARY_H
#define MNIST_DIST_NN_ELEMENTARY_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "floats must be computed as floats and doubles as doubles (-mfpmath=sse)"
#endif

/* Loops over vectors are only fast when their counts are constants after inlining. */
#define MD_INLINE static inline __attribute__((always_inline))

/* ln 2 in two parts; multiples of the first by numbers of 20 bits are exact. */
static const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

MD_INLINE uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

MD_INLINE double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* exp(x) = scale (1 + rest), with scale a power of two and |rest| < 0.42. */
typedef struct exponential {
    double scale, rest;
} exponential;

/* x = k ln 2 + r, |r| <= ln 2 / 2, and Taylor's series of exp(r) - 1 to r^13; |x| < 700. Adding 1.5
 * * 2^52 leaves the nearest integer in the low bits. */
MD_INLINE exponential exponential_of(double x)
{
    const double per_ln2 = 0x1.71547652b82fep+0, magic = 0x1.8p52;
    double shifted = x * per_ln2 + magic, k = shifted - magic;
    double r = (x - k * ln2_high) - k * ln2_low;
    double sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 1.0 / 2.0;
    return (exponential){double_of((double_bits(shifted) << 52) + double_bits(1.0)),
                         r + r * r * sum};
}

/* x between the bounds; NaN stays NaN. */
MD_INLINE double bounded(double x, double low, double high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* Beyond the bounds floats are 0 and infinite. */
MD_INLINE float nearest_exp(float x)
{
    exponential e = exponential_of(bounded((double)x, -105.0, 90.0));
    return (float)(e.scale + e.scale * e.rest);
}

/* 1 / (1 + exp(-x)) */
MD_INLINE float nearly_sigmoid(float x)
{
    exponential e = exponential_of(bounded(-(double)x, -120.0, 120.0));
    return (float)(1.0 / (1.0 + (e.scale + e.scale * e.rest)));
}

/* (exp(2|x|) - 1) / (exp(2|x|) + 1), with the sign of x */
MD_INLINE float nearest_tanh(float x)
{
    exponential e = exponential_of(2.0 * bounded(fabs((double)x), 0.0, 20.0));
    double less_one = e.scale * e.rest + (e.scale - 1.0);
    return copysignf((float)(less_one / (less_one + 2.0)), x);
}

/* x = 2^k z, z in [sqrt(1/2), sqrt(2)), and the series of 2 artanh(s), s = (z - 1) / (z + 1), to
 * s^21. */
MD_INLINE float nearly_log(float x)
{
    uint64_t bits = double_bits((double)x), above = bits - double_bits(0x1.6a09e667f3bcdp-1);
    double z = double_of(bits - (above & 0xfff0000000000000u));
    double k = (double)(int32_t)((int64_t)above >> 52);
    double s = (z - 1.0) / (z + 1.0), square = s * s;
    double sum = 2.0 / 21.0;
    sum = sum * square + 2.0 / 19.0;
    sum = sum * square + 2.0 / 17.0;
    sum = sum * square + 2.0 / 15.0;
    sum = sum * square + 2.0 / 13.0;
    sum = sum * square + 2.0 / 11.0;
    sum = sum * square + 2.0 / 9.0;
    sum = sum * square + 2.0 / 7.0;
    sum = sum * square + 2.0 / 5.0;
    sum = sum * square + 2.0 / 3.0;
    double value = k * ln2_high + (k * ln2_low + (2.0 * s + s * square * sum));
    value = x > 0.0f ? value : x == 0.0f ? -(double)INFINITY : (double)NAN;
    return (float)(x < INFINITY ? value : (double)x);
}

/* base^times by repeated squaring; times >= 0. Within times * 2^-53 of the true value. */
static inline double whole_power(double base, int64_t times)
{
    double power = 1.0;
    for (; times > 0; times /= 2) {
        power = times % 2 ? power * base : power;
        base *= base;
    }
    return power;
}

/* cos(pi x), 0 <= x <= 1: the sine's series of pi (1/2 - x), within 2^-51. */
static inline double cosine_of_pi(double x)
{
    const double angle = 3.14159265358979323846 * (0.5 - x);
    double sum = 1.0;
    for (int n = 22; n > 0; n -= 2)
        sum = 1.0 - angle * angle / (double)(n * (n + 1)) * sum;
    return angle * sum;
}

#endif
