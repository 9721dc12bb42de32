/* The arithmetic, without memory, MPI or errors: raw pointers and sizes. One source compiled for
 * several instruction sets; the best one the CPU has is chosen at load time, so one binary runs on
 * every node of a mixed cluster. Local.
 *
 * Every function gives the same bits in every set: a fixed order of additions, no contraction, and
 * one fused multiply-add where the comments say so, which the set without fma computes exactly,
 * some 15 times slower. sparse_forward, sparse_gradient, product and convolve add an element's
 * terms in ascending order, each by one fused multiply-add. tests/nn judges each by a naive twin.
 */
#ifndef MNIST_DIST_NN_KERNELS_H
#define MNIST_DIST_NN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/sparse_row.h"
#include "mnist_dist/model/window.h"

/* Adam's constants for one step; see optimizer.h. */
typedef struct md_adam_step {
    float gradient_scale; /* multiplies g before anything else: 1 / true batch size, and the clip */
    float step_size;      /* lr * sqrt(1 - b2^t) / (1 - b1^t) */
    float gain_1, gain_2; /* 1 - beta_1 and 1 - beta_2, subtracted in double */
    float epsilon;
    float decay; /* AdamW: lr * weight_decay, w -= decay * w comes first; 0 = Adam */
} md_adam_step;

typedef struct md_sgd_step {
    float gradient_scale, learning_rate, momentum;
} md_sgd_step;

/* c[rows][columns] = start + a b, each element summed over the depth in ascending order: its bits
 * depend on its row of a and its column of b alone. */
typedef struct md_product {
    size_t rows, columns, depth;
    const float *a; /* element (i, k) at a[i * a_row + k * a_step], so that a may be transposed */
    size_t a_row, a_step;
    const float *b;     /* [depth][columns] */
    int b_transposed;   /* b is [columns][depth] */
    const float *start; /* [columns], the same for every row; NULL = zeros */
    float *c;
} md_product;

/* dw[count][out] = x^T dy for `count` pixels from number `begin` on of those that sparse_columns
 * sorted into scratch. dy[n][out]. */
typedef struct md_sparse_gradient {
    void *scratch;
    size_t n, pixels; /* as given to sparse_columns */
    size_t begin, count, out;
    const float *dy;
    float *dw;
    int add; /* to dw; 0: overwrite it */
} md_sparse_gradient;

enum { MD_SPARSE_BLOCK = 128 };

/* A product whose left side is not a matrix but windows of an image, or what its pixels are to each
 * weight: c[rows][columns] = start + sum over s < segments, k < depth of a(i, s, k) b(s, k), where
 *
 *     a(i, s, k) = a[place[i] + s * a_segment + k * a_step], b(s, k) = b[(s * depth + k) * b_row]
 *
 * Of b and start, rows are padded with zeros to md_convolve_row(columns) floats. */
typedef struct md_convolution {
    size_t rows, columns, segments, depth;
    const float *a;
    const size_t *place; /* [rows] */
    size_t a_segment, a_step;
    const float *b;
    const float *start; /* the same for every row; NULL = zeros */
    float *c;
    int add;  /* to c, rather than start */
    int relu; /* of the result */
} md_convolution;

static inline size_t md_convolve_row(size_t columns)
{
    return (columns + 15) / 16 * 16;
}

typedef struct md_kernels {
    const char *name; /* "avx512", "avx2" or "baseline" */

    /* y[n][out] = x w + b. x as sparse rows; pixel value v counts as v / 255. w[in][out], b[out].
     */
    void (*sparse_forward)(const md_sparse_row *x, size_t n, const float *w, const float *b,
                           size_t out, float *y);
    /* Sorts pixels first .. first + pixels - 1 of n rows, up to MD_SPARSE_BLOCK, by pixel, for
     * sparse_gradient. `scratch`: sparse_scratch(n, pixels) bytes aligned to MD_ALIGNMENT. */
    void (*sparse_columns)(const md_sparse_row *x, size_t n, size_t first, size_t pixels,
                           void *scratch);
    void (*sparse_gradient)(const md_sparse_gradient *p);
    size_t (*sparse_scratch)(size_t n, size_t pixels);

    void (*product)(const md_product *p);
    void (*convolve)(const md_convolution *p);
    /* Of one image: x[in rows][in columns][channels], y[out rows][out columns][channels] and d*
     * like
     * *. What a window has beyond the image does not count. The largest value's gradient goes to
     * the first of its window that has it. */
    void (*max_pool)(const md_sliding *windows, const float *x, float *y);
    void (*max_pool_gradient)(const md_sliding *windows, const float *x, const float *y,
                              const float *dy, float *dx);
    void (*mean_pool)(const md_sliding *windows, const float *x, float *y);
    void (*mean_pool_gradient)(const md_sliding *windows, const float *dy, float *dx);
    void (*column_sum)(const float *dy, size_t n, size_t out, float *db); /* db = sum over n */
    void (*relu)(float *y, size_t count);                                 /* y = max(y, 0) */
    void (*relu_gradient)(const float *y, float *dy, size_t count);       /* dy = y > 0 ? dy : 0 */
    /* Of every x: the float nearest to the true value; log and sigmoid, 1 / (1 + exp(-x)), within
     * 0.5 + 2^-23 units in the last place. */
    void (*exp)(float *x, size_t count);
    void (*log)(float *x, size_t count);
    void (*tanh)(float *x, size_t count);
    void (*sigmoid)(float *x, size_t count);
    /* The loss fused with softmax: dz[n][c] = softmax(z) - onehot(label), loss[i] = -log p_label
     * (in nats), returns how many samples have their largest logit (first one wins) at the label.
     * dz may equal z. */
    size_t (*softmax_loss)(const float *z, const int32_t *label, size_t n, size_t classes,
                           float *dz, float *loss);

    int (*all_within)(const float *x, size_t count, float bound); /* every |x| <= bound? NaN: no */
    void (*bytes_to_floats)(const uint8_t *pixel, float *x, size_t count); /* x = pixel / 255 */

    void (*adam)(const md_adam_step *step, size_t count, const float *g, float *w, float *m,
                 float *v);
    void (*sgd)(const md_sgd_step *step, size_t count, const float *g, float *w, float *u);
    /* Copies x to where other cores have read and will read again, past this core's caches: a plain
     * store would first take each line from the others (10 ns a line, Zen 5): 218 KB in 11 instead
     * of 34 us. stream_fence orders these copies: others see what was stored before it before what
     * is copied behind it, and the other way round. */
    void (*stream)(const float *x, size_t count, float *to);
    void (*stream_fence)(void);
    /* Sum of squares in double, 16 lanes in a fixed order. */
    double (*square_sum)(const float *x, size_t count);
} md_kernels;

/* The best set this CPU runs, or the one named by the environment variable MNIST_DIST_KERNELS when
 * the CPU has it (to pin a mixed cluster to one set). */
const md_kernels *md_kernels_get(void);

/* The sets this CPU runs, best first; *count of them. */
const md_kernels *const *md_kernels_available(size_t *count);

#endif
