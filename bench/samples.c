#include "samples.h"

#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"

/* Pixels and labels before they are compressed. */
typedef struct raw {
    uint8_t *images[2], *labels[2];
} raw;

static md_status make_raw(const md_source_shape *shape, raw *out, md_error *err)
{
    *out = (raw){{NULL}, {NULL}};
    size_t bytes = shape->images[MD_SPLIT_TRAIN] * shape->rows * shape->columns;
    md_status status = md_allocate((void **)&out->images[MD_SPLIT_TRAIN], bytes, 1, "images", err);
    if (status)
        return status;
    return md_allocate((void **)&out->labels[MD_SPLIT_TRAIN], shape->images[MD_SPLIT_TRAIN], 1,
                       "labels", err);
}

static void free_raw(raw *pixels)
{
    free(pixels->images[MD_SPLIT_TRAIN]);
    free(pixels->labels[MD_SPLIT_TRAIN]);
}

static md_status compress(const md_source_shape *shape, const raw *pixels, md_bench_images *out,
                          md_error *err)
{
    md_store_header plan;
    md_status status =
        md_store_plan(shape, pixels->images, pixels->labels, MD_STORAGE_SPARSE, &plan, err);
    if (status)
        return status;
    status = md_allocate(&out->block, plan.bytes, 1, "compressed images", err);
    if (status)
        return status;
    md_store_fill(&plan, pixels->images, pixels->labels, out->block);
    out->store = md_store_view(out->block);
    return MD_OK;
}

md_status md_bench_images_read(const char *source, md_bench_images *out, md_error *err)
{
    md_source *opened;
    md_status status = md_source_open(source, &opened, err);
    if (status)
        return status;
    md_source_shape shape = *md_source_get_shape(opened);
    shape.images[MD_SPLIT_TEST] = 0;
    raw pixels;
    status = make_raw(&shape, &pixels, err);
    if (!status)
        status = md_source_read(opened, MD_SPLIT_TRAIN, pixels.images[MD_SPLIT_TRAIN],
                                pixels.labels[MD_SPLIT_TRAIN], err);
    if (!status)
        status = compress(&shape, &pixels, out, err);
    free_raw(&pixels);
    md_source_close(&opened);
    return status;
}

md_status md_bench_images_draw(const md_source_shape *shape, double density, md_bench_images *out,
                               md_error *err)
{
    const md_rng_key key = {1, MD_STREAM_SYNTHETIC, 0};
    size_t images = shape->images[MD_SPLIT_TRAIN];
    raw pixels;
    md_status status = make_raw(shape, &pixels, err);
    for (size_t i = 0; !status && i < images * shape->rows * shape->columns; i++) {
        uint32_t draw[4];
        md_rng_block(&key, i, draw);
        if ((double)draw[0] < density * 4294967296.0)
            pixels.images[MD_SPLIT_TRAIN][i] = (uint8_t)(1 + draw[1] % 255);
    }
    for (size_t i = 0; !status && i < images; i++)
        pixels.labels[MD_SPLIT_TRAIN][i] = (uint8_t)(i % 10);
    if (!status)
        status = compress(shape, &pixels, out, err);
    free_raw(&pixels);
    return status;
}

void md_bench_images_free(md_bench_images *images)
{
    free(images->block);
    *images = (md_bench_images){0};
}
