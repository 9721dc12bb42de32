/* From images to logits, the one way, in blocks of up to MD_INFERENCE_BLOCK. An image's logits are
 * the same bits whichever images are asked for with it. Local. */
#ifndef MNIST_DIST_TRAIN_INFER_H
#define MNIST_DIST_TRAIN_INFER_H

#include "mnist_dist/train/batcher.h"

enum { MD_INFERENCE_BLOCK = 256 };

/* A model, its parameters and its images. All borrowed when filled by hand; then the model and the
 * batcher are for MD_INFERENCE_BLOCK samples or more. */
typedef struct md_inference {
    md_model *model;
    md_batcher *batcher;
    const float *parameters;
} md_inference;

/* Makes a model of `spec` over the images of `store`; parameters and store are borrowed.
 * MD_BAD_DATA when they do not fit. *out is for md_inference_close in any case. */
md_status md_inference_open(const md_model_spec *spec, const float *parameters,
                            const md_store *store, md_inference *out, md_error *err);
void md_inference_close(md_inference *inference);

/* The images of `range` in its k-th block, or none behind its last block; and which blocks are a
 * rank's: some in a row, so that a chunk of streamed images is read by one rank, or two. */
md_range md_infer_share(md_image_range range, int rank, int ranks);
md_image_range md_infer_cut(md_image_range range, size_t k);

/* What the model makes of up to MD_INFERENCE_BLOCK images; valid until the next call. */
typedef struct md_inferred {
    const int32_t *labels; /* [count]; NULL: the data have none */
    const float *targets;  /* [count][outputs]; NULL: none */
    const float *logits;   /* [count][classes] */
    const float *loss;     /* [count], in nats; NULL: there is nothing to compare with */
} md_inferred;
md_inferred md_infer_block(const md_inference *inference, md_image_range images);

/* The first failure of reading streamed images, which were zeros then. */
md_status md_infer_check(const md_inference *inference, md_error *err);

/* Fills logits[range.count][classes]. */
void md_infer_range(const md_inference *inference, md_image_range range, float *logits);

/* Fills logits[n][classes] of samples that are in no store: numbers 0 to n - 1 of the test split,
 * which need no labels. */
md_status md_infer_samples(const md_model_spec *spec, const float *parameters, md_storage storage,
                           const md_samples *samples, float *logits, md_error *err);

/* The class that these logits answer: the first of the largest. */
size_t md_infer_class(const md_model_spec *spec, const float *logits);

#endif
