/* What the files of one kernel set share. Each is compiled once per instruction set with
 * MD_KERNEL_SET defined as the set's name, which MD_SET puts at the end of every external name. */
#ifndef MNIST_DIST_NN_SET_H
#define MNIST_DIST_NN_SET_H

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "elementary.h"
#include "mnist_dist/nn/kernels.h"

#define MD_JOIN_NAMES(name, set) md_##name##_##set
#define MD_SET_NAME(name, set) MD_JOIN_NAMES(name, set)
#define MD_SET(name) MD_SET_NAME(name, MD_KERNEL_SET)

/* One register of floats. Wider types would be spilled to memory by the compiler. */
#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t mask __attribute__((vector_size(sizeof(vec)))); /* of each lane all bits, or none */

/* From and to any address. */
MD_INLINE vec load(const float *x)
{
    vec v;
    memcpy(&v, x, sizeof v);
    return v;
}

MD_INLINE void store(float *x, vec v)
{
    memcpy(x, &v, sizeof v);
}

#if defined(__AVX2__)
MD_INLINE __m256i first_lanes(size_t lanes)
{
    const __m256i number = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)lanes), number);
}
#endif

/* The first `lanes` of a vector, the others 0: for the rest of a row. */
MD_INLINE vec take(const float *x, size_t lanes)
{
    vec v = {0};
    if (lanes == LANES)
        return load(x);
#if defined(__AVX512F__)
    return _mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), x);
#elif defined(__AVX2__)
    return _mm256_maskload_ps(x, first_lanes(lanes));
#endif
    for (size_t i = 0; i < lanes; i++)
        v[i] = x[i];
    return v;
}

MD_INLINE void put(float *x, vec v, size_t lanes)
{
    if (lanes == LANES) {
        store(x, v);
        return;
    }
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(x, (__mmask16)((1u << lanes) - 1), v);
#elif defined(__AVX2__)
    _mm256_maskstore_ps(x, first_lanes(lanes), v);
#else
    for (size_t i = 0; i < lanes; i++)
        x[i] = v[i];
#endif
}

#if !defined(__FMA__) && !defined(__aarch64__)
#include "fused.h"
#endif

/* a b + c, rounded once. Contraction is off, since each compiler fuses other operations: here the
 * source says which, and all give the same bits. */
MD_INLINE vec multiply_add(float a, vec b, vec c)
{
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(_mm512_set1_ps(a), b, c);
#elif defined(__AVX2__) && defined(__FMA__)
    return _mm256_fmadd_ps(_mm256_set1_ps(a), b, c);
#elif defined(__FMA__)
    return _mm_fmadd_ps(_mm_set1_ps(a), b, c);
#elif defined(__aarch64__)
    return vfmaq_n_f32(c, b, a);
#else
    return fused(a, b, c);
#endif
}

MD_INLINE float multiply_add_one(float a, float b, float c)
{
    return multiply_add(a, (vec){b}, (vec){c})[0];
}

/* table.c gathers them; mnist_dist/nn/kernels.h says what each does. */
void MD_SET(sparse_forward)(const md_sparse_row *x, size_t n, const float *w, const float *b,
                            size_t out, float *y);
void MD_SET(sparse_columns)(const md_sparse_row *x, size_t n, size_t first, size_t pixels,
                            void *scratch);
void MD_SET(sparse_gradient)(const md_sparse_gradient *p);
size_t MD_SET(sparse_scratch)(size_t n, size_t pixels);
void MD_SET(product)(const md_product *p);
void MD_SET(convolve)(const md_convolution *p);
void MD_SET(max_pool)(const md_sliding *windows, const float *x, float *y);
void MD_SET(max_pool_gradient)(const md_sliding *windows, const float *x, const float *y,
                               const float *dy, float *dx);
void MD_SET(mean_pool)(const md_sliding *windows, const float *x, float *y);
void MD_SET(mean_pool_gradient)(const md_sliding *windows, const float *dy, float *dx);
void MD_SET(column_sum)(const float *dy, size_t n, size_t out, float *db);
void MD_SET(relu)(float *y, size_t count);
void MD_SET(relu_gradient)(const float *y, float *dy, size_t count);
void MD_SET(exp)(float *x, size_t count);
void MD_SET(log)(float *x, size_t count);
void MD_SET(tanh)(float *x, size_t count);
void MD_SET(sigmoid)(float *x, size_t count);
size_t MD_SET(softmax_loss)(const float *z, const int32_t *label, size_t n, size_t classes,
                            float *dz, float *loss);
int MD_SET(all_within)(const float *x, size_t count, float bound);
void MD_SET(bytes_to_floats)(const uint8_t *pixel, float *x, size_t count);
void MD_SET(adam)(const md_adam_step *step, size_t count, const float *g, float *w, float *m,
                  float *v);
void MD_SET(sgd)(const md_sgd_step *step, size_t count, const float *g, float *w, float *u);
void MD_SET(stream)(const float *x, size_t count, float *to);
void MD_SET(stream_fence)(void);
double MD_SET(square_sum)(const float *x, size_t count);

extern const md_kernels MD_SET(kernels);

#endif
