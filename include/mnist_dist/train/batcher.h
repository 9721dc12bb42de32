/* Turns image numbers into an md_batch: sparse rows straight from the shared window when the model
 * takes them, else gathered floats. Local; owns its buffers. */
#ifndef MNIST_DIST_TRAIN_BATCHER_H
#define MNIST_DIST_TRAIN_BATCHER_H

#include "mnist_dist/data/store.h"
#include "mnist_dist/model/augmentation.h"
#include "mnist_dist/nn/model.h"

typedef struct md_batcher md_batcher;
typedef struct md_prefetch md_prefetch; /* internal to train */

enum { MD_BATCHER_STREAMED = 256 };

/* For batches of up to max_samples. store, model and kernels are borrowed. *out NULL on error. */
md_status md_batcher_create(const md_store *store, const md_model *model, const md_kernels *kernels,
                            size_t max_samples, md_batcher **out, md_error *err);
void md_batcher_destroy(md_batcher **batcher); /* NULL is fine; clears *batcher */

/* From now on gathered images are moved by up to `most` (borrowed), if that is anything: they are
 * then floats. MD_USAGE when samples are no images. */
md_status md_batcher_augment(md_batcher *batcher, const md_augmentation *most, md_error *err);
/* What the moves of the next batches depend on beside the image. */
void md_batcher_open_epoch(md_batcher *batcher, uint64_t seed, uint32_t epoch);

/* The first failure of reading streamed images, which were zeros then. */
md_status md_batcher_check(const md_batcher *batcher, md_error *err);

/* 1 when its batches are sparse rows. */
int md_batcher_is_sparse(const md_batcher *batcher);

/* The images ids[n] of `split`, n up to max_samples (of streamed ones, MD_BATCHER_STREAMED); valid
 * until the next call. ids is borrowed as long as the batch is used. */
const md_batch *md_batcher_gather(md_batcher *batcher, md_split split, const uint32_t *ids,
                                  size_t n);
/* The same of streamed training images at `positions` of the order, which were asked for
 * (train/prefetch.h); ids are theirs. */
const md_batch *md_batcher_collect(md_batcher *batcher, const md_prefetch *prefetch,
                                   md_range positions, const uint32_t *ids);
/* Some of a batch's samples, and where they lie in it. */
md_batch md_batcher_part(const md_batcher *batcher, const md_batch *batch, md_range part);
/* For inference: the images of `range`, up to max_samples. */
const md_batch *md_batcher_take(md_batcher *batcher, md_image_range range);

#endif
