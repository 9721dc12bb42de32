/* The CBLAS library's threads and identity; the products themselves are plain cblas_sgemm calls in
 * the dense layer. Local. */
#ifndef MNIST_DIST_NN_BLAS_H
#define MNIST_DIST_NN_BLAS_H

#include "mnist_dist/nn/kernels.h"

/* Threads per product, where the library can be told (OpenBLAS); others follow their own
 * environment variables. */
void md_blas_set_threads(int threads);

/* "OpenBLAS 0.3.21 SkylakeX" or, for another library, "CBLAS". */
const char *md_blas_version(void);

/* NULL, or one sentence when the library is far below what this CPU can do and why: OpenBLAS runs
 * its slowest kernels on a CPU that is newer than it is. Only layers too large for the kernels
 * suffer (nn/products.c). */
const char *md_blas_advice(const md_kernels *kernels);

#endif
