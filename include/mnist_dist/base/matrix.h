/* Shapes of matrices whose rows belong to the samples of a batch. Local. */
#ifndef MNIST_DIST_BASE_MATRIX_H
#define MNIST_DIST_BASE_MATRIX_H

#include "mnist_dist/base/range.h"

typedef struct md_matrix {
    size_t width;   /* floats in a row */
    size_t samples; /* that share a row, 1 and more; the batch's last row may have fewer */
} md_matrix;

/* The rows of a range of samples, which begins with a row and ends with one or the batch. */
static inline md_range md_matrix_rows(const md_matrix *matrix, md_range samples)
{
    return (md_range){samples.begin / matrix->samples,
                      (samples.count + matrix->samples - 1) / matrix->samples};
}

/* Floats in them. */
static inline size_t md_matrix_floats(const md_matrix *matrix, md_range samples)
{
    return md_matrix_rows(matrix, samples).count * matrix->width;
}

#endif
