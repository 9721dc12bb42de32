/* From bytes to floats, and whether floats are within bounds. */
#include "set.h"

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
