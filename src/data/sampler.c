#include "mnist_dist/data/sampler.h"

__extension__ typedef unsigned __int128 wide;

/* Maps 64 random bits to 0 .. bound-1 by multiply-shift (Lemire, "Fast random integer generation in
 * an interval", 2019) without its rejection step, so that a position always costs one draw: each
 * value's probability is off by less than 2^-64, and the permutation of n samples is within
 * n^2 / 2^65 of uniform in total variation (1e-10 for MNIST). */
static uint32_t below(uint64_t bits, uint32_t bound)
{
    return (uint32_t)(((wide)bits * bound) >> 64);
}

static void swap(uint32_t *order, size_t a, size_t b)
{
    uint32_t kept = order[a];
    order[a] = order[b];
    order[b] = kept;
}

static void count_up(uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
}

void md_sampler_shuffle(const md_rng_key *key, uint64_t first, uint32_t *order, size_t n)
{
    uint32_t block[4];
    count_up(order, n);
    for (size_t i = 0; i + 1 < n; i++) {
        const uint64_t draw = first + i, half = draw % 2;
        if (i == 0 || half == 0)
            md_rng_block(key, draw / 2, block);
        const uint64_t bits = (uint64_t)block[2 * half] << 32 | block[2 * half + 1];
        swap(order, i, i + below(bits, (uint32_t)(n - i)));
    }
}

void md_sampler_order(uint64_t seed, uint32_t epoch, int shuffle, uint32_t *order, size_t n)
{
    const md_rng_key key = {.seed = seed, .stream = MD_STREAM_SHUFFLE, .high = epoch};
    if (shuffle)
        md_sampler_shuffle(&key, 0, order, n);
    else
        count_up(order, n);
}

int64_t md_sampler_steps(size_t n, size_t batch)
{
    return (int64_t)(n / batch + (n % batch != 0));
}

md_range md_sampler_batch(size_t n, size_t batch, int64_t step)
{
    if (step >= md_sampler_steps(n, batch))
        return (md_range){n, 0};
    size_t begin = (size_t)step * batch;
    return (md_range){begin, n - begin < batch ? n - begin : batch};
}
