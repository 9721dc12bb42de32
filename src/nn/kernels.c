#include "mnist_dist/nn/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/log.h"

extern const md_kernels md_kernels_avx512, md_kernels_avx2, md_kernels_baseline;

/* Best first; each set's features include the next one's. */
static const md_kernels *const sets[] = {
#if defined(__x86_64__)
    &md_kernels_avx512, &md_kernels_avx2,
#endif
    &md_kernels_baseline};

enum { SETS = sizeof sets / sizeof sets[0] };

/* Has this CPU the features that CMakeLists.txt compiles the set for? */
static int cpu_runs(const md_kernels *set)
{
#if defined(__x86_64__)
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (set == &md_kernels_avx512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (set == &md_kernels_avx2)
        return avx2;
#endif
    return set == &md_kernels_baseline;
}

const md_kernels *const *md_kernels_available(size_t *count)
{
    size_t best = 0;
    while (best + 1 < SETS && !cpu_runs(sets[best]))
        best++;
    *count = SETS - best;
    return sets + best;
}

const md_kernels *md_kernels_get(void)
{
    size_t count;
    const md_kernels *const *available = md_kernels_available(&count);
    const char *wanted = getenv("MNIST_DIST_KERNELS");
    if (!wanted || !*wanted)
        return available[0];
    for (size_t i = 0; i < count; i++)
        if (strcmp(available[i]->name, wanted) == 0)
            return available[i];
    md_warn("MNIST_DIST_KERNELS names '%s', which this CPU does not run; using %s", wanted,
            available[0]->name);
    return available[0];
}
