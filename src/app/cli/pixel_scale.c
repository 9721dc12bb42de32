#include "pixel_scale.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/train/evaluate.h"

enum { IMAGES = 1000 };
static const double far_better = 0.2; /* in accuracy */
static const float byte_range = 255.0f;

int md_scale_is_open(const md_checkpoint *checkpoint)
{
    const md_scale *scale = &checkpoint->scale;
    return checkpoint->at.step == 0 && (scale->kind == MD_SCALE_NONE || md_scale_is_assumed(scale));
}

/* Collective. The share of right answers when the first layer's input is multiplied by `factor`. */
static md_status try_factor(md_comm *comm, const md_model_spec *model, const float *parameters,
                            const md_dataset *dataset, const char *source, float factor,
                            double *accuracy, md_error *err)
{
    md_layout layout;
    md_model_spec_layout(model, &layout);
    const size_t images = md_store_images(md_dataset_store(dataset), MD_SPLIT_TEST);
    const md_image_range range = {MD_SPLIT_TEST, 0, images < IMAGES ? images : IMAGES};
    md_inference inference = {0};
    md_evaluation evaluation = {0};
    void *block = NULL;
    md_status status = md_allocate(&block, layout.parameters, sizeof(float), "the model", err);
    if (!status) {
        float *scaled = memcpy(block, parameters, layout.parameters * sizeof(float));
        for (size_t i = 0; i < layout.tensors[0].count; i++)
            scaled[layout.tensors[0].offset + i] *= factor;
        status = md_open_inference(model, scaled, dataset, source, &inference, err);
    }
    status = md_agree(comm, status, err);
    if (!status)
        status = md_evaluate(comm, &inference, range, 0, &evaluation, err);
    *accuracy = evaluation.accuracy;
    md_evaluation_clear(&evaluation);
    md_inference_close(&inference);
    free(block);
    return status;
}

md_status md_scale_check(md_comm *comm, const md_model_spec *model, const float *parameters,
                         const md_dataset *dataset, const char *source, md_error *err)
{
    const struct {
        float factor;
        const char *words, *option;
    } others[] = {{byte_range, "pixels from 0 to 255", "none"},
                  {1.0f / byte_range, "pixels / 255", "unit"}};
    double now;
    if (md_dataset_store(dataset)->header->element != MD_ELEMENT_U8)
        return MD_OK;
    md_status status = try_factor(comm, model, parameters, dataset, source, 1.0f, &now, err);
    for (size_t i = 0; !status && i < sizeof others / sizeof *others; i++) {
        double then;
        status = try_factor(comm, model, parameters, dataset, source, others[i].factor, &then, err);
        if (!status && then > now + far_better)
            md_warn("of the first test images %.0f %% are right, and %.0f %% for %s: import the "
                    "model again with --scale %s",
                    100.0 * now, 100.0 * then, others[i].words, others[i].option);
    }
    return status;
}
