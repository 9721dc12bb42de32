/* Where numbers went wrong: found before any weight is stepped, so the last state is still good and
 * the step can be computed again, one sample at a time. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"
#include "trainer_internal.h"

enum { SHOWN_SAMPLES = 5 };

typedef struct finding {
    const md_tensor *tensor; /* first array with a bad gradient; NULL: only the loss is bad */
    uint32_t samples[SHOWN_SAMPLES];
    size_t count;
} finding;

const char *md_trainer_what_is_left(const md_trainer *t)
{
    return md_trainer_has_checkpoint(t) ? "the last checkpoint stands"
                                        : "nothing had been saved yet";
}

/* The first array of a sample's gradient that holds a value no sum could survive, or NULL. */
static const md_tensor *bad_tensor(const md_trainer *t, const float *gradient)
{
    const md_layout *layout = md_model_layout(t->model);
    const float bound = t->exchanges ? FLT_MAX : md_reducer_bound(t->reducer);
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *tensor = &layout->tensors[i];
        if (!t->kernels->all_within(gradient + tensor->offset, tensor->count, bound))
            return tensor;
    }
    return NULL;
}

static void examine(md_trainer *t, const uint32_t *id, float *gradient, finding *found)
{
    const md_pass pass = {MD_TRAIN, t->config->train.seed, (uint32_t)t->at.epoch};
    const float *parameters = md_reducer_parameters(t->reducer);
    const md_batch *batch = md_batcher_gather(t->batcher, MD_SPLIT_TRAIN, id, 1);
    md_model *model = t->inference.model;
    size_t correct;
    md_model_forward(model, parameters, batch, &pass);
    const float loss = md_model_loss(model, batch, &correct)[0];
    md_model_backward(model, parameters, batch, gradient);
    md_fault_in_step(t->params->inject, t->rank, t->at.step + 1, gradient);
    const md_tensor *tensor = bad_tensor(t, gradient);
    if (isfinite(loss) && !tensor)
        return;
    if (!found->tensor)
        found->tensor = tensor;
    if (found->count < SHOWN_SAMPLES)
        found->samples[found->count] = *id;
    found->count++;
}

static md_status describe(const md_trainer *t, const finding *found, md_error *err)
{
    char samples[SHOWN_SAMPLES * 12 + 32] = "";
    size_t used = 0;
    for (size_t i = 0; i < found->count && i < SHOWN_SAMPLES; i++)
        used += (size_t)snprintf(samples + used, sizeof samples - used, "%s%u", i ? ", " : "",
                                 found->samples[i]);
    if (found->count > SHOWN_SAMPLES)
        snprintf(samples + used, sizeof samples - used, " and %zu more",
                 found->count - SHOWN_SAMPLES);
    const char *layer = found->tensor ? t->spec.layers[found->tensor->layer].name : "the loss";
    return md_fail(err, MD_FAILED,
                   "step %lld, rank %d: a NaN or infinite number in %s%s, from training images %s; "
                   "no weight was stepped and %s; lower optimizer.learning_rate, set "
                   "optimizer.clip_norm, or look at the images with `mnist_dist show --split train "
                   "--index %u`",
                   (long long)t->at.step + 1, t->rank,
                   found->tensor ? "the gradient of layer " : "", layer, samples,
                   md_trainer_what_is_left(t), found->samples[0]);
}

/* This rank's samples, one at a time. */
static md_status examine_part(md_trainer *t, md_range part, md_error *err)
{
    finding found = {0};
    void *gradient;
    md_status status = md_allocate(&gradient, md_model_layout(t->model)->parameters, sizeof(float),
                                   "a sample's gradient", err);
    if (status)
        return status;
    for (size_t i = 0; i < part.count; i++) {
        const uint32_t *id = md_trainer_ids(t, (md_range){part.begin + i, 1});
        examine(t, id, gradient, &found);
    }
    free(gradient);
    return found.count ? describe(t, &found, err) : MD_OK;
}

md_status md_trainer_diagnose(md_trainer *t, md_range part, md_error *err)
{
    md_heartbeat_mark(t->heartbeat, MD_PHASE_COMPUTE, t->at.step);
    md_status status = md_agree(t->comm, examine_part(t, part, err), err);
    if (status)
        return status;
    return md_fail(err, MD_FAILED,
                   "step %lld: the gradient is too large to be summed safely with reducer %s; no "
                   "weight was stepped and %s; lower optimizer.learning_rate or set "
                   "optimizer.clip_norm",
                   (long long)t->at.step + 1,
                   md_reducer_abouts[t->config->distributed.reducer].name,
                   md_trainer_what_is_left(t));
}
