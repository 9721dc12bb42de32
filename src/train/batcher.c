#include "mnist_dist/train/batcher.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/train/augment.h"
#include "prefetch.h"

struct md_batcher {
    const md_store *store;
    const md_kernels *kernels;
    size_t features;
    md_sparse_row *rows; /* [max_samples]; NULL when the model gets floats */
    float *pixels;       /* [max_samples][features]; NULL when it gets rows */
    uint8_t *image;      /* [features] */
    uint16_t *index;     /* [MD_BATCHER_STREAMED][features]: rows of streamed images; else NULL */
    uint8_t *value;
    int32_t *labels; /* [max_samples]; NULL: the store has none */
    float *targets;  /* [max_samples][header->targets]; NULL: none */
    size_t max_samples;
    const md_augmentation *augmentation; /* NULL: none */
    float *still;                        /* [features]: an image before it is moved */
    uint64_t seed;
    uint32_t epoch;
    md_batch batch;
};

/* What the model reads out of bounds for, if it goes unnoticed. */
static md_status check_fit(const md_store *store, const md_model *model, md_error *err)
{
    const md_layout *layout = md_model_layout(model);
    const md_model_spec *spec = md_model_get_spec(model);
    size_t inputs = md_shape_size(&layout->shapes[0]);
    const size_t outputs = md_model_outputs(model);
    const int classes = md_model_spec_classes(spec);
    const md_store_header *header = store->header;
    if (md_store_features(store) != inputs)
        return md_fail(err, MD_BAD_DATA,
                       "the images have %zu x %zu pixels, but the model takes %zu values; give the "
                       "data it was made for",
                       header->shape.rows, header->shape.columns, inputs);
    if (header->shape.rows > 1 && spec->rows > 1 &&
        (header->shape.rows != (size_t)spec->rows ||
         header->shape.columns != (size_t)spec->columns))
        return md_fail(err, MD_BAD_DATA,
                       "the images have %zu x %zu pixels, but the model takes %d x %d; give the "
                       "data it was made for",
                       header->shape.rows, header->shape.columns, spec->rows, spec->columns);
    if (header->targets > 0 && header->targets != outputs)
        return md_fail(err, MD_BAD_DATA,
                       "the data have %zu numbers to answer a sample with, but the model has %zu "
                       "outputs; give the data it was made for",
                       header->targets, outputs);
    if (classes == 0 && header->classes > 0)
        return md_fail(
            err, MD_BAD_DATA,
            "the data have labels, but the model answers with %zu numbers; give the data "
            "it was made for",
            outputs);
    if (header->classes > classes)
        return md_fail(err, MD_BAD_DATA,
                       "the labels go up to %d, but the model has %d classes; give the data it was "
                       "made for",
                       header->classes - 1, classes);
    return MD_OK;
}

static md_status allocate_buffers(md_batcher *b, size_t max_samples, int sparse, md_error *err)
{
    md_status status =
        sparse ? md_allocate((void **)&b->rows, max_samples, sizeof *b->rows, "a batch", err)
               : md_allocate((void **)&b->pixels, max_samples, b->features * sizeof *b->pixels,
                             "a batch", err);
    if (!status)
        status = md_allocate((void **)&b->image, b->features, 1, "an image", err);
    const size_t streamed = max_samples < MD_BATCHER_STREAMED ? max_samples : MD_BATCHER_STREAMED;
    if (!status && sparse && md_store_is_streamed(b->store)) {
        status =
            md_allocate((void **)&b->index, streamed, b->features * sizeof *b->index, "rows", err);
        if (!status)
            status = md_allocate((void **)&b->value, streamed, b->features, "rows", err);
    }
    const md_store_header *header = b->store->header;
    if (!status && (header->labels[0] || header->labels[1]))
        status = md_allocate((void **)&b->labels, max_samples, sizeof *b->labels, "labels", err);
    if (!status && header->targets > 0)
        status = md_allocate((void **)&b->targets, max_samples, header->targets * sizeof(float),
                             "targets", err);
    return status;
}

md_status md_batcher_create(const md_store *store, const md_model *model, const md_kernels *kernels,
                            size_t max_samples, md_batcher **out, md_error *err)
{
    *out = NULL;
    md_status status = check_fit(store, model, err);
    void *created = NULL;
    if (!status)
        status = md_allocate(&created, 1, sizeof **out, "a batcher", err);
    if (status)
        return status;
    md_batcher *b = created;
    *b = (md_batcher){.store = store,
                      .kernels = kernels,
                      .features = md_store_features(store),
                      .max_samples = max_samples};
    int sparse = md_store_storage(store) == MD_STORAGE_SPARSE && md_model_takes_sparse(model);
    status = allocate_buffers(b, max_samples, sparse, err);
    if (status)
        md_batcher_destroy(&b);
    *out = b;
    return status;
}

void md_batcher_destroy(md_batcher **batcher)
{
    if (!*batcher)
        return;
    free((*batcher)->rows);
    free((*batcher)->pixels);
    free((*batcher)->image);
    free((*batcher)->index);
    free((*batcher)->value);
    free((*batcher)->labels);
    free((*batcher)->targets);
    free((*batcher)->still);
    free(*batcher);
    *batcher = NULL;
}

md_status md_batcher_augment(md_batcher *b, const md_augmentation *most, md_error *err)
{
    const md_store_header *header = b->store->header;
    if (!md_augmentation_any(most))
        return MD_OK;
    if (header->shape.rows < 2 || header->shape.columns < 2)
        return md_fail(err, MD_USAGE,
                       "augment.* moves images, but samples of %zu x %zu are none; leave it out",
                       header->shape.rows, header->shape.columns);
    md_status status =
        md_allocate((void **)&b->still, b->features, sizeof *b->still, "an image", err);
    if (!status && b->rows)
        status = md_allocate((void **)&b->pixels, b->max_samples, b->features * sizeof *b->pixels,
                             "a batch", err);
    if (status)
        return status;
    free(b->rows);
    b->rows = NULL;
    b->augmentation = most;
    return MD_OK;
}

void md_batcher_open_epoch(md_batcher *b, uint64_t seed, uint32_t epoch)
{
    b->seed = seed;
    b->epoch = epoch;
}

int md_batcher_is_sparse(const md_batcher *b)
{
    return b->rows != NULL;
}

static void fetch_answer(md_batcher *b, md_split split, size_t image, size_t sample)
{
    const size_t targets = b->store->header->targets;
    if (b->labels)
        b->labels[sample] = md_store_labels(b->store, split)[image];
    if (b->targets)
        memcpy(b->targets + sample * targets, md_store_values(b->store, split) + image * targets,
               targets * sizeof *b->targets);
}

md_status md_batcher_check(const md_batcher *b, md_error *err)
{
    return md_store_check(b->store, err);
}

/* An image that was read as a row in memory of the batcher's own. */
static md_sparse_row streamed_row(md_batcher *b, md_split split, size_t image, size_t sample)
{
    uint16_t *index = b->index + sample * b->features;
    uint8_t *value = b->value + sample * b->features;
    assert(sample < MD_BATCHER_STREAMED);
    md_store_sample(b->store, split, image, b->image);
    const size_t count = md_store_compress(b->image, b->features, index, value);
    return (md_sparse_row){.index = index, .value = value, .count = (uint32_t)count};
}

/* Bytes that are seen as v / 255 have a kernel of their own. */
static int takes_kernel(const md_batcher *b)
{
    const md_store_header *header = b->store->header;
    return header->element == MD_ELEMENT_U8 && header->scale == MD_SCALE_UNIT;
}

static void fetch(md_batcher *b, md_split split, size_t image, size_t sample)
{
    fetch_answer(b, split, image, sample);
    if (b->rows) {
        b->rows[sample] = b->index ? streamed_row(b, split, image, sample)
                                   : md_store_sparse_row(b->store, split, image);
        return;
    }
    float *pixels = b->pixels + sample * b->features;
    if (!takes_kernel(b)) {
        md_store_scaled(b->store, split, image, pixels);
        return;
    }
    md_store_sample(b->store, split, image, b->image);
    b->kernels->bytes_to_floats(b->image, pixels, b->features);
}

static const md_batch *hand_out(md_batcher *b, size_t samples, const uint32_t *ids)
{
    b->batch = (md_batch){.samples = samples,
                          .rows = b->rows,
                          .pixels = b->pixels,
                          .labels = b->labels,
                          .targets = b->targets,
                          .ids = ids};
    return &b->batch;
}

static void move(md_batcher *b, uint32_t id, size_t sample)
{
    const md_augment_key key = {b->seed, b->epoch, id};
    const md_store_header *header = b->store->header;
    float *pixels = b->pixels + sample * b->features;
    memcpy(b->still, pixels, b->features * sizeof *pixels);
    md_augment_image(b->augmentation, &key, header->shape.rows, header->shape.columns, b->still,
                     pixels);
}

const md_batch *md_batcher_gather(md_batcher *b, md_split split, const uint32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fetch(b, split, ids[i], i);
        if (b->augmentation)
            move(b, ids[i], i);
    }
    return hand_out(b, n, ids);
}

static void fetch_ahead(md_batcher *b, const md_prefetch *prefetch, size_t position, size_t sample)
{
    if (b->rows) {
        b->rows[sample] = md_prefetch_row(prefetch, position);
        return;
    }
    const void *features = md_prefetch_features(prefetch, position);
    float *pixels = b->pixels + sample * b->features;
    if (takes_kernel(b))
        b->kernels->bytes_to_floats(features, pixels, b->features);
    else
        md_store_scale(b->store, features, pixels);
}

const md_batch *md_batcher_collect(md_batcher *b, const md_prefetch *prefetch, md_range positions,
                                   const uint32_t *ids)
{
    for (size_t i = 0; i < positions.count; i++) {
        fetch_answer(b, MD_SPLIT_TRAIN, ids[i], i);
        fetch_ahead(b, prefetch, positions.begin + i, i);
        if (b->augmentation)
            move(b, ids[i], i);
    }
    return hand_out(b, positions.count, ids);
}

md_batch md_batcher_part(const md_batcher *b, const md_batch *batch, md_range part)
{
    const size_t targets = b->store->header->targets;
    return (md_batch){.samples = part.count,
                      .first = part.begin,
                      .rows = batch->rows ? batch->rows + part.begin : NULL,
                      .pixels = batch->pixels ? batch->pixels + part.begin * b->features : NULL,
                      .labels = batch->labels ? batch->labels + part.begin : NULL,
                      .targets = batch->targets ? batch->targets + part.begin * targets : NULL,
                      .ids = batch->ids + part.begin};
}

const md_batch *md_batcher_take(md_batcher *b, md_image_range range)
{
    for (size_t i = 0; i < range.count; i++)
        fetch(b, range.split, range.begin + i, i);
    return hand_out(b, range.count, NULL);
}
