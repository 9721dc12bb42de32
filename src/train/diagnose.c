/* Where numbers went wrong: found before any weight is stepped, so the last state is still good and
 * the step can be computed again, one sample at a time. */
#include <math.h>
#include <stdio.h>

#include "mnist_dist/comm/agree.h"
#include "trainer_internal.h"

enum { SHOWN_SAMPLES = 5 };

typedef struct finding {
    const md_tensor *tensor; /* first array with a bad gradient; NULL: only the loss is bad */
    uint32_t samples[SHOWN_SAMPLES];
    size_t count;
} finding;

static const char *what_is_left(const md_trainer *t)
{
    return md_trainer_has_checkpoint(t) ? "the last checkpoint stands"
                                        : "nothing had been saved yet";
}

/* The first array of this rank's gradient that holds a value no sum could survive, or NULL. */
static const md_tensor *bad_tensor(const md_trainer *t)
{
    const md_layout *layout = md_model_layout(t->model);
    const float *gradient = md_reducer_gradient(t->reducer);
    const float bound = md_reducer_bound(t->reducer);
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *tensor = &layout->tensors[i];
        if (!t->kernels->all_within(gradient + tensor->offset, tensor->count, bound))
            return tensor;
    }
    return NULL;
}

static void examine(md_trainer *t, uint32_t id, finding *found)
{
    const md_pass pass = {MD_TRAIN, t->config->train.seed, (uint32_t)t->at.epoch};
    const float *parameters = md_reducer_parameters(t->reducer);
    const md_batch *batch = md_batcher_gather(t->batcher, MD_SPLIT_TRAIN, &id, 1);
    size_t correct;
    md_model_forward(t->model, parameters, batch, &pass);
    const float loss = md_model_loss(t->model, batch, &correct)[0];
    md_model_backward(t->model, parameters, batch, md_reducer_gradient(t->reducer));
    md_fault_in_step(t->params->inject, t->rank, t->at.step + 1, md_reducer_gradient(t->reducer));
    const md_tensor *tensor = bad_tensor(t);
    if (isfinite(loss) && !tensor)
        return;
    if (!found->tensor)
        found->tensor = tensor;
    if (found->count < SHOWN_SAMPLES)
        found->samples[found->count] = id;
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
                   found->tensor ? "the gradient of layer " : "", layer, samples, what_is_left(t),
                   found->samples[0]);
}

md_status md_trainer_diagnose(md_trainer *t, md_range part, md_error *err)
{
    finding found = {0};
    md_heartbeat_mark(t->heartbeat, MD_PHASE_COMPUTE, t->at.step);
    for (size_t i = 0; i < part.count; i++)
        examine(t, t->order[part.begin + i], &found);
    md_status status = found.count ? describe(t, &found, err) : MD_OK;
    status = md_agree(t->comm, status, err);
    if (status)
        return status;
    return md_fail(err, MD_FAILED,
                   "step %lld: the gradient is too large to be summed safely with reducer %s; no "
                   "weight was stepped and %s; lower optimizer.learning_rate or set "
                   "optimizer.clip_norm",
                   (long long)t->at.step + 1,
                   md_reducer_abouts[t->config->distributed.reducer].name, what_is_left(t));
}
