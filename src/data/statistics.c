#include "statistics.h"

#include <stdint.h>

#include "mnist_dist/base/beat.h"

float md_largest_byte(const float *x, size_t count, float so_far)
{
    if (so_far < 0.0f)
        return so_far;
    for (size_t i = 0; i < count; i++) {
        if (!(x[i] >= 0.0f && x[i] <= 255.0f) || (float)(int)x[i] < x[i])
            return -1.0f;
        so_far = x[i] > so_far ? x[i] : so_far;
    }
    return so_far;
}

int md_lie_in_unit(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(x[i] >= 0.0f && x[i] <= 1.0f))
            return 0;
    return 1;
}

static void add_bytes(const uint8_t *x, size_t count, float bounds[2])
{
    uint8_t least = UINT8_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    bounds[0] = (float)least < bounds[0] ? (float)least : bounds[0];
    bounds[1] = (float)most > bounds[1] ? (float)most : bounds[1];
}

void md_add_bounds(md_element element, const void *x, size_t count, float bounds[2])
{
    const float *floats = x;
    if (element == MD_ELEMENT_U8) {
        add_bytes(x, count, bounds);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bounds[0] = floats[i] < bounds[0] ? floats[i] : bounds[0];
        bounds[1] = floats[i] > bounds[1] ? floats[i] : bounds[1];
    }
}

/* Byte-wide counters, emptied before they can wrap, keep the loop in full vector registers. */
static size_t count_bytes(const uint8_t *bytes, size_t n)
{
    enum { LANES = 64 };
    size_t total = 0, i = 0;
    while (n - i >= LANES) {
        uint8_t lane[LANES] = {0};
        size_t rounds = (n - i) / LANES < UINT8_MAX ? (n - i) / LANES : UINT8_MAX;
        for (size_t end = i + rounds * LANES; i < end; i += LANES)
            for (size_t k = 0; k < LANES; k++)
                lane[k] = (uint8_t)(lane[k] + (bytes[i + k] != 0));
        for (size_t k = 0; k < LANES; k++)
            total += lane[k];
    }
    for (; i < n; i++)
        total += bytes[i] != 0;
    return total;
}

static size_t count_floats(const float *x, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += x[i] < 0.0f || x[i] > 0.0f;
    return total;
}

size_t md_count_nonzero(md_element element, const void *x, size_t count)
{
    return element == MD_ELEMENT_U8 ? count_bytes(x, count) : count_floats(x, count);
}

static double value_at(md_element element, const void *x, size_t i)
{
    return element == MD_ELEMENT_U8 ? (double)((const uint8_t *)x)[i]
                                    : (double)((const float *)x)[i];
}

void md_add_samples(md_element element, const void *x, size_t n, size_t features, double *sum)
{
    for (size_t s = 0; s < n; s++) {
        for (size_t i = 0; i < features; i++)
            sum[i] += value_at(element, x, s * features + i);
        md_beat();
    }
}

void md_add_squares(md_element element, const void *x, size_t n, size_t features,
                    const double *mean, double *square)
{
    for (size_t s = 0; s < n; s++) {
        for (size_t i = 0; i < features; i++) {
            const double off = value_at(element, x, s * features + i) - mean[i];
            square[i] += off * off;
        }
        md_beat();
    }
}
