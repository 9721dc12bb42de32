/* Every replica applies these to its own copy of the weights, so they must give the same bits on
 * every CPU: only operations that IEEE 754 rounds correctly, and no contraction (Options.cmake).
 */
#include "set.h"

#include <math.h>
#include <stdint.h>

/* Moments of weights that get no gradient any more decay for ever. Before they reach the subnormal
 * numbers, on which a CPU is ten times slower, they become zero: far below anything that epsilon
 * does not drown. */
static float settled(float moment)
{
    return fabsf(moment) < 0x1p-100f ? 0.0f : moment;
}

/* Bound by the divider: one square root and one division a parameter. */
void MD_SET(adam)(const md_adam_step *step, size_t count, const float *restrict g,
                  float *restrict w, float *restrict m, float *restrict v)
{
    const md_adam_step s = *step;
    for (size_t i = 0; i < count; i++) {
        float gradient = s.gradient_scale * g[i];
        m[i] = settled(m[i] + s.gain_1 * (gradient - m[i]));
        v[i] = settled(v[i] + s.gain_2 * (gradient * gradient - v[i]));
        float kept = w[i] - s.decay * w[i];
        w[i] = kept - s.step_size * m[i] / (sqrtf(v[i]) + s.epsilon);
    }
}

void MD_SET(sgd)(const md_sgd_step *step, size_t count, const float *restrict g, float *restrict w,
                 float *restrict u)
{
    const md_sgd_step s = *step;
    for (size_t i = 0; i < count; i++) {
        u[i] = settled(s.momentum * u[i] - s.learning_rate * (s.gradient_scale * g[i]));
        w[i] += u[i];
    }
}

MD_INLINE void store_past_cache(float *to, vec x)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(to, x);
#elif defined(__AVX2__)
    _mm256_stream_ps(to, x);
#elif defined(__x86_64__)
    _mm_stream_ps(to, x);
#else
    store(to, x);
#endif
}

void MD_SET(stream)(const float *x, size_t count, float *to)
{
    size_t i = 0;
    for (; i < count && (uintptr_t)(to + i) % sizeof(vec) != 0; i++)
        to[i] = x[i];
    for (; i + LANES <= count; i += LANES)
        store_past_cache(to + i, load(x + i));
    for (; i < count; i++)
        to[i] = x[i];
}

void MD_SET(stream_fence)(void)
{
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

double MD_SET(square_sum)(const float *x, size_t count)
{
    enum { SUMS = 16 };
    double sum[SUMS] = {0};
    size_t i = 0;
    for (; i + SUMS <= count; i += SUMS)
        for (size_t j = 0; j < SUMS; j++)
            sum[j] += (double)x[i + j] * (double)x[i + j];
    for (size_t j = 0; i + j < count; j++)
        sum[j] += (double)x[i + j] * (double)x[i + j];
    for (size_t half = SUMS / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            sum[j] += sum[j + half];
    return sum[0];
}
