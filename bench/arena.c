#include "arena.h"

#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"

static md_status make_floats(float **out, size_t count, uint64_t seed, md_error *err)
{
    md_status status =
        md_allocate((void **)out, count, sizeof **out, "numbers to measure with", err);
    const md_rng_key key = {seed, MD_STREAM_SYNTHETIC, 0};
    if (!status)
        md_rng_uniform(&key, 0, *out, count);
    for (size_t i = 0; !status && i < count; i++)
        (*out)[i] -= 0.5f;
    return status;
}

md_status md_arena_create(const md_bench *bench, md_arena *out, md_error *err)
{
    const size_t in = md_store_features(&bench->images.store), n = MD_BENCH_BATCH;
    const size_t width = MD_BENCH_WIDTH;
    *out = (md_arena){.kernels = bench->kernels, .images = &bench->images};
    struct {
        float **array;
        size_t count;
    } arrays[] = {{&out->x, n * width}, {&out->y, n * width},         {&out->w, width * width},
                  {&out->b, width},     {&out->spare, width * width}, {&out->loss, n}};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        md_status status = make_floats(arrays[i].array, arrays[i].count, i, err);
        if (status)
            return status;
    }
    md_status status = md_allocate((void **)&out->pixels, n * in, 1, "pixels", err);
    if (status)
        return status;
    return md_allocate(&out->scratch, bench->kernels->sparse_scratch(n, in), 1, "scratch", err);
}

void md_arena_free(md_arena *arena)
{
    float *const floats[] = {arena->x, arena->y, arena->w, arena->b, arena->spare, arena->loss};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        free(floats[i]);
    free(arena->pixels);
    free(arena->scratch);
}

void md_arena_next_rows(md_arena *arena)
{
    size_t images = md_store_images(&arena->images->store, MD_SPLIT_TRAIN);
    for (size_t i = 0; i < arena->n; i++) {
        /* A large odd stride: neighbours in a batch are not neighbours in memory. */
        arena->next = (arena->next + 4099) % images;
        arena->rows[i] = md_store_sparse_row(&arena->images->store, MD_SPLIT_TRAIN, arena->next);
    }
}
