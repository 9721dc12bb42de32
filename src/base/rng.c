#include "mnist_dist/base/rng.h"

/* Random123's header is not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

void md_rng_block(const md_rng_key *key, uint64_t low, uint32_t out[4])
{
    philox4x32_ctr_t counter = {
        {(uint32_t)low, (uint32_t)(low >> 32), key->high, (uint32_t)key->stream}};
    philox4x32_key_t seed = {{(uint32_t)key->seed, (uint32_t)(key->seed >> 32)}};
    philox4x32_ctr_t value = philox4x32(counter, seed);
    for (int i = 0; i < 4; i++)
        out[i] = value.v[i];
}

void md_rng_uniform(const md_rng_key *key, uint64_t low, float *out, size_t count)
{
    const float unit = 1.0f / 16777216.0f; /* 2^-24 */
    uint32_t block[4];
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0)
            md_rng_block(key, low + i / 4, block);
        out[i] = (float)(block[i % 4] >> 8) * unit;
    }
}
