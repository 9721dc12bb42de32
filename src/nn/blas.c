#include "mnist_dist/nn/blas.h"

#include <stdio.h>
#include <string.h>

/* Weak: absent from any other CBLAS, which then links as well. */
void openblas_set_num_threads(int threads) __attribute__((weak));
char *openblas_get_config(void) __attribute__((weak));
char *openblas_get_corename(void) __attribute__((weak));

void md_blas_set_threads(int threads)
{
    if (openblas_set_num_threads)
        openblas_set_num_threads(threads);
}

const char *md_blas_version(void)
{
    static char version[64]; /* the same words at every call */
    if (!openblas_get_config || !openblas_get_corename)
        return "CBLAS";
    const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_LAPACKE ..." */
    size_t name = strcspn(config, " ");
    size_t number = name + strspn(config + name, " ");
    number += strcspn(config + number, " ");
    snprintf(version, sizeof version, "%.*s %s", (int)number, config, openblas_get_corename());
    return version;
}

const char *md_blas_advice(const md_kernels *kernels)
{
    if (!openblas_get_corename || strcmp(openblas_get_corename(), "Prescott") != 0)
        return NULL;
    if (strcmp(kernels->name, "avx512") == 0)
        return "OpenBLAS does not know this CPU; OPENBLAS_CORETYPE=SkylakeX makes it about five "
               "times faster";
    if (strcmp(kernels->name, "avx2") == 0)
        return "OpenBLAS does not know this CPU; OPENBLAS_CORETYPE=Haswell makes it about three "
               "times faster";
    return NULL;
}
