#include "products.h"

#include <cblas.h>
#include <string.h>

/* Up to here the weights stay in the L2 cache beside the activations and the kernels win: 1.0 to
 * 1.7 times the speed of OpenBLAS 0.3.21 (SkylakeX) for 784 x 128, 128 x 64 and batches of 8 to
 * 1024. From 784 x 512 and batch 256 on OpenBLAS wins, by up to 1.5 times. */
enum { IN_CACHE = 1 << 17 }; /* floats */

static int in_cache(const md_dense_shape *s)
{
    return s->in * s->out <= IN_CACHE;
}

void md_dense_forward(const md_dense_shape *shape, const float *x, const float *w, const float *b,
                      float *y)
{
    const md_dense_shape s = *shape;
    if (in_cache(shape)) {
        md_product p = {.rows = s.n,
                        .columns = s.out,
                        .depth = s.in,
                        .a = x,
                        .a_row = s.in,
                        .a_step = 1,
                        .b = w,
                        .start = b,
                        .c = y};
        s.kernels->product(&p);
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        memcpy(y + i * s.out, b, s.out * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s.n, (int)s.out, (int)s.in, 1.0f, x,
                (int)s.in, w, (int)s.out, 1.0f, y, (int)s.out);
}

void md_dense_weight_gradient(const md_dense_shape *shape, const float *x, const float *dy,
                              size_t first, size_t rows, float *dw)
{
    const md_dense_shape s = *shape;
    if (in_cache(shape)) {
        md_product p = {.rows = rows,
                        .columns = s.out,
                        .depth = s.n,
                        .a = x + first,
                        .a_row = 1,
                        .a_step = s.in,
                        .b = dy,
                        .c = dw};
        s.kernels->product(&p);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)rows, (int)s.out, (int)s.n, 1.0f,
                x + first, (int)s.in, dy, (int)s.out, 0.0f, dw, (int)s.out);
}

void md_dense_input_gradient(const md_dense_shape *shape, const float *dy, const float *w,
                             float *scratch, float *dx)
{
    const md_dense_shape s = *shape;
    if (in_cache(shape)) {
        s.kernels->transpose(w, s.in, s.out, scratch);
        md_product p = {.rows = s.n,
                        .columns = s.in,
                        .depth = s.out,
                        .a = dy,
                        .a_row = s.out,
                        .a_step = 1,
                        .b = scratch,
                        .c = dx};
        s.kernels->product(&p);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)s.n, (int)s.in, (int)s.out, 1.0f, dy,
                (int)s.out, w, (int)s.out, 0.0f, dx, (int)s.in);
}
