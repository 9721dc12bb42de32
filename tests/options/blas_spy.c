/* Preloaded into the program, in front of its BLAS: says once how many threads a product has, and
 * with MD_SPOIL set gives wrong gradients of weights, those of transposed left factors. */
#include <cblas.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef void sgemm(CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, float,
                   const float *, blasint, const float *, blasint, float, float *, blasint);

static void say_threads(void)
{
    static int said;
    if (!said++)
        fprintf(stderr, "BLAS threads: %d\n", openblas_get_num_threads());
}

void cblas_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE trans_a, CBLAS_TRANSPOSE trans_b, blasint m,
                 blasint n, blasint k, float alpha, const float *a, blasint lda, const float *b,
                 blasint ldb, float beta, float *c, blasint ldc)
{
    static sgemm *real;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "cblas_sgemm");
    say_threads();
    if (getenv("MD_SPOIL") && trans_a == CblasTrans)
        alpha *= 1.1f;
    real(layout, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
