#include "bench_images.h"

#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"
#include "mnist_dist/data/source.h"

static md_status compress(const md_samples *samples, md_bench_images *out, md_error *err)
{
    md_store_header plan;
    md_status status = md_store_plan(samples, MD_STORAGE_SPARSE, &plan, err);
    if (status)
        return status;
    status = md_allocate(&out->block, plan.bytes, 1, "compressed images", err);
    if (status)
        return status;
    md_store_fill(&plan, samples, out->block);
    out->store = md_store_view(out->block);
    return MD_OK;
}

md_status md_bench_images_read(const char *source, md_bench_images *out, md_error *err)
{
    md_source *opened;
    md_samples samples = {0};
    md_status status = md_source_open(&(md_source_wishes){.where = source}, &opened, err);
    if (!status)
        status = md_source_read(opened, MD_SPLIT_TRAIN, &samples, err);
    if (!status)
        status = compress(&samples, out, err);
    md_samples_clear(&samples);
    md_source_close(&opened);
    return status;
}

md_status md_bench_images_draw(const md_source_shape *shape, double density, md_bench_images *out,
                               md_error *err)
{
    const md_rng_key key = {1, MD_STREAM_SYNTHETIC, 0};
    const size_t images = shape->images[MD_SPLIT_TRAIN];
    md_samples samples = {.shape = *shape};
    md_status status =
        md_samples_room(&samples.features[MD_SPLIT_TRAIN], images, md_samples_features(shape), err);
    if (!status)
        status =
            md_samples_room((void **)&samples.labels[MD_SPLIT_TRAIN], images, sizeof(int32_t), err);
    uint8_t *pixels = samples.features[MD_SPLIT_TRAIN];
    for (size_t i = 0; !status && i < images * md_samples_features(shape); i++) {
        uint32_t draw[4];
        md_rng_block(&key, i, draw);
        pixels[i] = (double)draw[0] < density * 4294967296.0 ? (uint8_t)(1 + draw[1] % 255) : 0;
    }
    for (size_t i = 0; !status && i < images; i++)
        samples.labels[MD_SPLIT_TRAIN][i] = (int32_t)(i % 10);
    if (!status)
        status = compress(&samples, out, err);
    md_samples_clear(&samples);
    return status;
}

void md_bench_images_free(md_bench_images *images)
{
    free(images->block);
    *images = (md_bench_images){0};
}
