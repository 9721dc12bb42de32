#include "every_set.h"

void md_for_every_set(void (*check)(const md_kernels *kernels))
{
    size_t count;
    const md_kernels *const *sets = md_kernels_available(&count);
    for (size_t i = 0; i < count; i++)
        check(sets[i]);
}
