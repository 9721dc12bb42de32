/* Memory for arrays of numbers. Local. */
#ifndef MNIST_DIST_BASE_MEMORY_H
#define MNIST_DIST_BASE_MEMORY_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

enum { MD_ALIGNMENT = 64 }; /* one cache line, one AVX-512 register */

/* As many bytes, filled up to whole lines. */
static inline size_t md_aligned(size_t bytes)
{
    return (bytes + MD_ALIGNMENT - 1) / MD_ALIGNMENT * MD_ALIGNMENT;
}

/* Zeroed memory for count elements of `size` bytes, aligned to MD_ALIGNMENT; the caller frees it
 * with free(). Never NULL on success, even for count 0. `what` names it in the error. */
md_status md_allocate(void **out, size_t count, size_t size, const char *what, md_error *err);

/* Makes room for `needed` elements of `size` bytes in a growing array, at least doubling it; new
 * memory is not cleared. The array is malloc'ed and freed by its owner. */
md_status md_grow(void **array, size_t *capacity, size_t needed, size_t size, md_error *err);

/* What this process could still have without swapping: of the machine and of its control group
 * (cgroups(7), of either version), whichever has less. SIZE_MAX where nothing tells. */
size_t md_memory_available(void);

#endif
