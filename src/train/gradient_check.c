/* The gradient of the first batch against central differences of the same model computed in double,
 * the slow way, with the same values dropped. Biases that are zero, as all are at the start, are
 * moved a little: else what a convolution sees of a blank background lies where relu has no
 * derivative. */
#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/larger.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/nn/twin.h"
#include "trainer_internal.h"

enum { CHECKED_PER_TENSOR = 24, MOST_SAMPLES = 32 };

static const double suspicious = 1e-2; /* relative; float arithmetic stays below 1e-3 */
static const float away = 0.1f;        /* the width of where biases are moved to */

/* The first batch and the weights in double. */
typedef struct check {
    const md_layout *layout; /* of the trainer's model */
    md_twin *twin;
    md_twin_batch batch;
    float *parameters; /* [parameters], */
    double *weights;   /* and in double */
    double *pixels;    /* of the batch */
    float *gradient;   /* [parameters] */
} check;

static void clear(check *c)
{
    md_twin_destroy(&c->twin);
    free(c->parameters);
    free(c->weights);
    free(c->pixels);
    free(c->gradient);
}

/* Largest relative error over a random choice of one tensor's elements. Elements far smaller than
 * the tensor's largest are measured against a thousandth of that, since they drown in float
 * rounding. */
static double check_tensor(check *c, const md_tensor *tensor, uint64_t seed)
{
    const float *gradient = c->gradient;
    double largest = 0.0, worst = 0.0;
    for (size_t i = 0; i < tensor->count; i++)
        largest = md_larger(largest, fabs((double)gradient[tensor->offset + i]));
    const md_rng_key key = {seed, MD_STREAM_SHUFFLE, UINT32_MAX};
    for (uint64_t k = 0; k < CHECKED_PER_TENSOR; k++) {
        uint32_t block[4];
        md_rng_block(&key, tensor->offset + k, block);
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): no tensor is empty. */
        const size_t index = tensor->offset + block[0] % tensor->count;
        const double exact = md_twin_slope(c->twin, c->weights, index, &c->batch);
        const double ours = (double)gradient[index];
        const double scale = fmax(fabs(exact), 1e-3 * largest);
        if (scale != 0.0) /* both are, of a unit that no sample reaches */
            worst = md_larger(worst, fabs(exact - ours) / scale);
    }
    return worst;
}

static md_status create(const md_trainer *t, const md_batch *batch, check *c, md_error *err)
{
    *c = (check){.layout = md_model_layout(t->model)};
    const size_t size = sizeof(double);
    const size_t pixels = batch->samples * md_store_features(md_dataset_store(t->dataset));
    md_status status = md_twin_create(&t->spec, &c->twin, err);
    if (!status)
        status = md_allocate((void **)&c->parameters, c->layout->parameters, sizeof *c->parameters,
                             "weights", err);
    if (!status)
        status = md_allocate((void **)&c->weights, c->layout->parameters, size, "weights", err);
    if (!status)
        status = md_allocate((void **)&c->pixels, pixels, size, "pixels", err);
    if (!status)
        status = md_allocate((void **)&c->gradient, c->layout->parameters, sizeof *c->gradient,
                             "the gradient", err);
    c->batch = (md_twin_batch){.samples = batch->samples,
                               .pixels = c->pixels,
                               .labels = batch->labels,
                               .targets = batch->targets,
                               .ids = batch->ids,
                               .pass = {MD_TRAIN, t->config->train.seed, (uint32_t)t->at.epoch}};
    return status;
}

static void fill_weights(const md_trainer *t, check *c)
{
    const md_rng_key key = {t->config->train.seed, MD_STREAM_SHUFFLE, UINT32_MAX - 1};
    const float *weights = md_reducer_parameters(t->reducer);
    md_rng_uniform(&key, 0, c->parameters, c->layout->parameters);
    for (int k = 0; k < c->layout->tensor_count; k++) {
        const md_tensor *tensor = &c->layout->tensors[k];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            const int zero = weights[i] >= 0.0f && weights[i] <= 0.0f;
            c->parameters[i] =
                tensor->rank == 1 && zero ? (c->parameters[i] - 0.5f) * away : weights[i];
            c->weights[i] = (double)c->parameters[i];
        }
    }
}

static md_status fill(const md_trainer *t, const uint32_t *ids, check *c, md_error *err)
{
    const size_t features = md_store_features(md_dataset_store(t->dataset));
    float *x;
    md_status status = md_allocate((void **)&x, features, sizeof *x, "a sample", err);
    if (status)
        return status;
    fill_weights(t, c);
    for (size_t n = 0; n < c->batch.samples; n++) {
        md_store_scaled(md_dataset_store(t->dataset), MD_SPLIT_TRAIN, ids[n], x);
        for (size_t i = 0; i < features; i++)
            c->pixels[n * features + i] = (double)x[i];
    }
    free(x);
    return MD_OK;
}

/* The gradient as training computes it. */
static void compute(md_trainer *t, const md_batch *batch, const check *c)
{
    md_model *model = t->inference.model;
    size_t correct;
    md_model_forward(model, c->parameters, batch, &c->batch.pass);
    md_model_loss(model, batch, &correct);
    md_model_backward(model, c->parameters, batch, c->gradient);
}

static void report_layer(const md_trainer *t, check *c, int layer)
{
    const char *name = t->spec.layers[layer].name;
    double error = 0.0;
    for (int k = c->layout->first[layer]; k < c->layout->first[layer + 1]; k++)
        error = md_larger(error, check_tensor(c, &c->layout->tensors[k], t->config->train.seed));
    md_info("gradient check: %-12s largest relative error %.1e", name, error);
    if (!(error <= suspicious))
        md_warn("the gradient of layer %s differs from central differences by %.1e; a kink of "
                "relu may do that once, an error in the arithmetic does it for every seed",
                name, error);
}

static md_status check_first_batch(md_trainer *t, md_error *err)
{
    const md_range whole = md_trainer_batch(t);
    const size_t samples = whole.count < MOST_SAMPLES ? whole.count : MOST_SAMPLES;
    const uint32_t *ids = md_trainer_ids(t, (md_range){whole.begin, samples});
    const md_batch *batch = md_batcher_gather(t->inference.batcher, MD_SPLIT_TRAIN, ids, samples);
    check c;
    md_status status = create(t, batch, &c, err);
    if (!status)
        status = fill(t, ids, &c, err);
    if (!status)
        compute(t, batch, &c);
    for (int i = 0; i < t->spec.layer_count && !status; i++)
        if (c.layout->first[i + 1] > c.layout->first[i])
            report_layer(t, &c, i);
    clear(&c);
    return status;
}

md_status md_trainer_check_gradients(md_trainer *t, md_error *err)
{
    md_status status = md_trainer_fetch(t, err);
    if (status)
        return status;
    return md_agree(t->comm, t->rank == 0 ? check_first_batch(t, err) : MD_OK, err);
}
