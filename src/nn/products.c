#include "products.h"

void md_dense_forward(const md_dense_shape *s, const float *x, const float *w, const float *b,
                      float *y)
{
    s->kernels->product(&(md_product){.rows = s->n,
                                      .columns = s->out,
                                      .depth = s->in,
                                      .a = x,
                                      .a_row = s->in,
                                      .a_step = 1,
                                      .b = w,
                                      .start = b,
                                      .c = y});
}

void md_dense_weight_gradient(const md_dense_shape *s, const float *x, const float *dy,
                              size_t first, size_t rows, float *dw)
{
    s->kernels->product(&(md_product){.rows = rows,
                                      .columns = s->out,
                                      .depth = s->n,
                                      .a = x + first,
                                      .a_row = 1,
                                      .a_step = s->in,
                                      .b = dy,
                                      .c = dw});
}

void md_dense_input_gradient(const md_dense_shape *s, const float *dy, const float *w, float *dx)
{
    s->kernels->product(&(md_product){.rows = s->n,
                                      .columns = s->in,
                                      .depth = s->out,
                                      .a = dy,
                                      .a_row = s->out,
                                      .a_step = 1,
                                      .b = w,
                                      .b_transposed = 1,
                                      .c = dx});
}
