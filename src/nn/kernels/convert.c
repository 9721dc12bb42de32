/* Between floats, bytes and fixed point. Same bits on every CPU, as in optimizer.c. */
#include "set.h"

#include <math.h>

enum { CHUNK = 256 }; /* floats checked, then converted while they are in the cache */

static uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The largest |x|, or NaN if there is one: without the sign, bit patterns are in the order of the
 * values, with NaN above infinity, and unlike floats their maximum is found without branches. */
static float largest_magnitude(const float *x, size_t count)
{
    uint32_t top = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = float_bits(x[i]) & 0x7fffffffu;
        top = bits > top ? bits : top;
    }
    float magnitude;
    memcpy(&magnitude, &top, sizeof magnitude);
    return magnitude;
}

int MD_SET(all_within)(const float *x, size_t count, float bound)
{
    return largest_magnitude(x, count) <= bound;
}

void MD_SET(bytes_to_floats)(const uint8_t *restrict pixel, float *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)pixel[i] / 255.0f;
}

/* Below 2^51 in magnitude, adding 1.5 * 2^52 leaves the nearest integer, ties to even, in the
 * double's low bits: one addition, where only AVX-512 has an instruction for the conversion. */
static const double magic = 0x1.8p52, magic_range = 0x1p51;

static void add_small(const float *restrict x, size_t count, double scale, int64_t *restrict sum)
{
    int64_t magic_bits;
    memcpy(&magic_bits, &magic, sizeof magic_bits);
    for (size_t i = 0; i < count; i++) {
        double shifted = (double)x[i] * scale + magic;
        int64_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        sum[i] += bits - magic_bits;
    }
}

static void add_large(const float *x, size_t count, double scale, int64_t *sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += (int64_t)nearbyint((double)x[i] * scale);
}

int MD_SET(quantise_add)(const float *x, size_t count, int exponent, double limit, int64_t *sum)
{
    const double scale = ldexp(1.0, exponent);
    for (size_t i = 0; i < count; i += CHUNK) {
        size_t n = count - i < CHUNK ? count - i : CHUNK;
        double top = (double)largest_magnitude(x + i, n) * scale;
        if (!(top <= limit))
            return 0;
        if (top < magic_range)
            add_small(x + i, n, scale, sum + i);
        else
            add_large(x + i, n, scale, sum + i);
    }
    return 1;
}

void MD_SET(dequantise)(const int64_t *restrict sum, size_t count, int exponent, float *restrict x)
{
    const double scale = ldexp(1.0, -exponent);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)((double)sum[i] * scale);
}
