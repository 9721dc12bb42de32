#include "images.h"

#include <stdlib.h>

#include "mnist_dist/base/rng.h"

static void *room(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block)
        abort();
    return block;
}

void md_fill_uniform(float *x, size_t count, float low, float high, uint64_t seed)
{
    md_rng_key key = {seed, MD_STREAM_SYNTHETIC, 0};
    md_rng_uniform(&key, 0, x, count);
    for (size_t i = 0; i < count; i++)
        x[i] = low + (high - low) * x[i];
}

static void draw_bytes(md_images *images, double density)
{
    size_t count = images->n * images->pixels;
    float *chance = images->floats; /* free until the images are known */
    md_fill_uniform(chance, count, 0.0f, 1.0f, count);
    for (size_t i = 0; i < count; i++) {
        int empty = density < 1.0 && (i / images->pixels) % 7 == 3;
        if (!empty && (double)chance[i] < density)
            images->bytes[i] = (uint8_t)(1 + (i * 2654435761u >> 7) % 255);
    }
}

md_images md_images_create(size_t n, size_t pixels, unsigned classes, double density)
{
    size_t count = n * pixels, used = 0;
    md_images images = {.n = n,
                        .pixels = pixels,
                        .bytes = room(count, 1),
                        .floats = room(count, sizeof(float)),
                        .doubles = room(count, sizeof(double)),
                        .rows = room(n, sizeof(md_sparse_row)),
                        .labels = room(n, sizeof(int32_t)),
                        .ids = room(n, sizeof(uint32_t)),
                        .index = room(count, sizeof(uint16_t)),
                        .value = room(count, 1)};
    draw_bytes(&images, density);
    for (size_t i = 0; i < n; i++) {
        images.labels[i] = (int32_t)((i * 5 + i / 3) % classes);
        images.ids[i] = (uint32_t)(i * 40503u % 65521u);
        images.rows[i] = (md_sparse_row){images.index + used, images.value + used, 0};
        for (size_t p = 0; p < pixels; p++) {
            uint8_t byte = images.bytes[i * pixels + p];
            images.floats[i * pixels + p] = (float)byte / 255.0f;
            images.doubles[i * pixels + p] = byte / 255.0;
            if (!byte)
                continue;
            images.index[used] = (uint16_t)p;
            images.value[used++] = byte;
            images.rows[i].count++;
        }
    }
    return images;
}

void md_images_destroy(md_images *images)
{
    free(images->bytes);
    free(images->floats);
    free(images->doubles);
    free(images->rows);
    free(images->labels);
    free(images->ids);
    free(images->index);
    free(images->value);
}
