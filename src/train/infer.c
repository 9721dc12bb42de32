#include "mnist_dist/train/infer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/memory.h"

md_status md_inference_open(const md_model_spec *spec, const float *parameters,
                            const md_store *store, md_inference *out, md_error *err)
{
    const md_kernels *kernels = md_kernels_get();
    *out = (md_inference){.parameters = parameters};
    md_status status = md_model_create(spec, MD_INFERENCE_BLOCK, kernels, &out->model, err);
    if (!status)
        status =
            md_batcher_create(store, out->model, kernels, MD_INFERENCE_BLOCK, &out->batcher, err);
    return status;
}

void md_inference_close(md_inference *inference)
{
    md_batcher_destroy(&inference->batcher);
    md_model_destroy(&inference->model);
}

md_range md_infer_share(md_image_range range, int rank, int ranks)
{
    const size_t behind = range.begin + range.count + MD_INFERENCE_BLOCK - 1;
    const size_t blocks =
        range.count ? behind / MD_INFERENCE_BLOCK - range.begin / MD_INFERENCE_BLOCK : 0;
    return md_range_part((md_range){0, blocks}, rank, ranks);
}

md_image_range md_infer_cut(md_image_range range, size_t k)
{
    const size_t block = (range.begin / MD_INFERENCE_BLOCK + k) * MD_INFERENCE_BLOCK;
    const size_t begin = block > range.begin ? block : range.begin;
    const size_t behind = range.begin + range.count, limit = block + MD_INFERENCE_BLOCK;
    const size_t end = limit < behind ? limit : behind;
    return (md_image_range){range.split, begin, begin < end ? end - begin : 0};
}

md_inferred md_infer_block(const md_inference *inference, md_image_range images)
{
    const md_pass pass = {.mode = MD_INFER};
    assert(images.count <= MD_INFERENCE_BLOCK);
    const md_batch *batch = md_batcher_take(inference->batcher, images);
    const float *logits = md_model_forward(inference->model, inference->parameters, batch, &pass);
    const int answered = batch->labels || batch->targets;
    size_t correct;
    md_beat();
    return (md_inferred){.labels = batch->labels,
                         .targets = batch->targets,
                         .logits = logits,
                         .loss =
                             answered ? md_model_loss(inference->model, batch, &correct) : NULL};
}

md_status md_infer_check(const md_inference *inference, md_error *err)
{
    return md_batcher_check(inference->batcher, err);
}

void md_infer_range(const md_inference *inference, md_image_range range, float *logits)
{
    const size_t classes = md_model_outputs(inference->model);
    md_image_range part;
    for (size_t k = 0; (part = md_infer_cut(range, k)).count > 0; k++) {
        const md_inferred block = md_infer_block(inference, part);
        memcpy(logits + (part.begin - range.begin) * classes, block.logits,
               part.count * classes * sizeof *logits);
    }
}

md_status md_infer_samples(const md_model_spec *spec, const float *parameters, md_storage storage,
                           const md_samples *samples, float *logits, md_error *err)
{
    const md_image_range all = {MD_SPLIT_TEST, 0, samples->shape.images[MD_SPLIT_TEST]};
    md_inference inference = {0};
    md_store_header plan;
    md_store store; /* which the inference keeps pointing to */
    void *block = NULL;
    md_status status = md_store_plan(samples, storage, &plan, err);
    if (!status)
        status = md_allocate(&block, plan.bytes, 1, "the images", err);
    if (!status) {
        md_store_fill(&plan, samples, block);
        store = md_store_view(block);
        status = md_inference_open(spec, parameters, &store, &inference, err);
    }
    if (!status)
        md_infer_range(&inference, all, logits);
    md_inference_close(&inference);
    free(block);
    return status;
}

size_t md_infer_class(const md_model_spec *spec, const float *logits)
{
    const size_t classes = (size_t)md_model_spec_classes(spec);
    if (md_model_spec_loss(spec) == MD_LOSS_BINARY_CROSSENTROPY)
        return logits[0] > 0.0f;
    size_t best = 0;
    for (size_t i = 1; i < classes; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}
