#include "mnist_dist/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

md_status md_allocate(void **out, size_t count, size_t size, const char *what, md_error *err)
{
    *out = NULL;
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - MD_ALIGNMENT)
        return md_fail_memory(err, what, UINT64_MAX);
    size_t rounded = md_aligned(bytes);
    if (rounded == 0)
        rounded = MD_ALIGNMENT;
    void *block = aligned_alloc(MD_ALIGNMENT, rounded);
    if (!block)
        return md_fail_memory(err, what, rounded);
    memset(block, 0, rounded);
    *out = block;
    return MD_OK;
}

md_status md_grow(void **array, size_t *capacity, size_t needed, size_t size, md_error *err)
{
    if (needed <= *capacity)
        return MD_OK;
    size_t larger = *capacity * 2 > needed ? *capacity * 2 : needed;
    void *moved = reallocarray(*array, larger, size);
    if (!moved)
        return md_fail_memory(err, "a growing array", (unsigned long long)larger * size);
    *array = moved;
    *capacity = larger;
    return MD_OK;
}
