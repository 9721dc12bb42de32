/* The three products of a dense layer, as the kernel takes them. Local; internal to nn. Shapes:
 * x[n][in], w[in][out], y[n][out], and d* like *. */
#ifndef MNIST_DIST_NN_PRODUCTS_H
#define MNIST_DIST_NN_PRODUCTS_H

#include "mnist_dist/nn/kernels.h"

typedef struct md_dense_shape {
    const md_kernels *kernels;
    size_t n, in, out;
} md_dense_shape;

/* y = x w + b */
void md_dense_forward(const md_dense_shape *shape, const float *x, const float *w, const float *b,
                      float *y);

/* dw[rows][out]: rows `first` .. of x^T dy */
void md_dense_weight_gradient(const md_dense_shape *shape, const float *x, const float *dy,
                              size_t first, size_t rows, float *dw);

/* dx = dy w^T */
void md_dense_input_gradient(const md_dense_shape *shape, const float *dy, const float *w,
                             float *dx);

#endif
