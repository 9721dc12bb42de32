#include "mnist_dist/data/chunk_order.h"

#include "mnist_dist/data/sampler.h"

size_t md_chunk_count(const md_chunk_plan *plan)
{
    return plan->samples / plan->chunk + (plan->samples % plan->chunk != 0);
}

size_t md_chunk_windows(const md_chunk_plan *plan)
{
    const size_t chunks = md_chunk_count(plan);
    return chunks / plan->window + (chunks % plan->window != 0);
}

size_t md_chunk_samples(const md_chunk_plan *plan, size_t chunk)
{
    const size_t left = plan->samples - chunk * plan->chunk;
    return left < plan->chunk ? left : plan->chunk;
}

void md_chunk_order(const md_chunk_plan *plan, uint64_t seed, uint32_t epoch, int shuffle,
                    uint32_t *order)
{
    const md_rng_key key = {.seed = seed, .stream = MD_STREAM_CHUNKS, .high = epoch};
    const size_t chunks = md_chunk_count(plan);
    if (shuffle)
        md_sampler_shuffle(&key, 0, order, chunks);
    for (size_t i = 0; !shuffle && i < chunks; i++)
        order[i] = (uint32_t)i;
}

md_range md_chunk_window(const md_chunk_plan *plan, const uint32_t *order, size_t w)
{
    const size_t chunks = md_chunk_count(plan), begin = w * plan->window;
    const size_t end = begin + plan->window < chunks ? begin + plan->window : chunks;
    const size_t missing = chunks * plan->chunk - plan->samples; /* of the file's last chunk */
    md_range positions = {begin * plan->chunk, (end - begin) * plan->chunk};
    for (size_t i = 0; missing > 0 && i < end; i++) {
        if (order[i] != chunks - 1)
            continue;
        positions.begin -= i < begin ? missing : 0;
        positions.count -= i < begin ? 0 : missing;
    }
    return positions;
}

/* The inverse of a permutation drawn evenly is one, too. */
void md_chunk_places(md_range positions, uint64_t seed, uint32_t epoch, int shuffle,
                     uint32_t *places)
{
    const md_rng_key key = {.seed = seed, .stream = MD_STREAM_SHUFFLE, .high = epoch};
    if (shuffle)
        md_sampler_shuffle(&key, positions.begin, places, positions.count);
    for (size_t i = 0; !shuffle && i < positions.count; i++)
        places[i] = (uint32_t)i;
}
