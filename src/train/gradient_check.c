/* The gradient of the first batch against central differences of the same model computed in double,
 * the slow way. Dropout is off for the check. */
#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"
#include "mnist_dist/comm/agree.h"
#include "trainer_internal.h"

enum { CHECKED_PER_TENSOR = 24, MOST_SAMPLES = 32 };

static const double step_size = 1e-5;  /* of the differences: rounding and curvature both small */
static const double suspicious = 1e-2; /* relative; float arithmetic stays below 1e-3 */

typedef struct twin {
    md_model_spec spec; /* without dropout */
    md_layout layout;
    size_t samples, features, widest;
    double *weights;      /* [parameters] */
    double *pixels;       /* [samples][features] */
    double *here, *there; /* [widest]: activations before and after a layer */
    const uint8_t *labels;
} twin;

static void twin_clear(twin *m)
{
    free(m->weights);
    free(m->pixels);
    free(m->here);
    free(m->there);
}

static double activate(md_activation activation, double z)
{
    switch (activation) {
    case MD_RELU:
        return z > 0.0 ? z : 0.0;
    case MD_TANH:
        return tanh(z);
    case MD_SIGMOID:
        return 1.0 / (1.0 + exp(-z));
    default:
        return z;
    }
}

/* there = activation(here kernel + bias) */
static void twin_dense(const twin *m, const md_tensor *kernel, md_activation activation)
{
    const size_t in = kernel->shape[0], out = kernel->shape[1];
    const double *w = m->weights + kernel->offset, *bias = w + in * out;
    for (size_t j = 0; j < out; j++)
        m->there[j] = bias[j];
    for (size_t i = 0; i < in; i++)
        for (size_t j = 0; j < out; j++)
            m->there[j] += m->here[i] * w[i * out + j];
    for (size_t j = 0; j < out; j++)
        m->there[j] = activate(activation, m->there[j]);
}

static double cross_entropy(const double *z, size_t classes, size_t label)
{
    double largest = z[0], sum = 0.0;
    for (size_t c = 1; c < classes; c++)
        largest = fmax(largest, z[c]);
    for (size_t c = 0; c < classes; c++)
        sum += exp(z[c] - largest);
    /* cppcheck-suppress invalidFunctionArg ; there is at least one class, so sum is at least 1 */
    return log(sum) + largest - z[label];
}

/* Sum of the batch's losses. */
static double twin_loss(twin *m)
{
    double loss = 0.0;
    for (size_t n = 0; n < m->samples; n++) {
        for (size_t i = 0; i < m->features; i++)
            m->here[i] = m->pixels[n * m->features + i];
        size_t classes = 0;
        for (int k = 0; k < m->layout.tensor_count; k += 2) {
            const md_tensor *kernel = &m->layout.tensors[k];
            twin_dense(m, kernel, m->spec.layers[kernel->layer].activation);
            double *swap = m->here;
            m->here = m->there;
            m->there = swap;
            classes = kernel->shape[1];
        }
        loss += cross_entropy(m->here, classes, m->labels[n]);
    }
    return loss;
}

static double central_difference(twin *m, size_t index)
{
    const double w = m->weights[index];
    m->weights[index] = w + step_size;
    const double above = twin_loss(m);
    m->weights[index] = w - step_size;
    const double below = twin_loss(m);
    m->weights[index] = w;
    return (above - below) / (2.0 * step_size);
}

/* Largest relative error over a random choice of one tensor's elements. Elements far smaller than
 * the tensor's largest are measured against a thousandth of that, since they drown in float
 * rounding. */
static double check_tensor(twin *m, const md_tensor *tensor, const float *gradient, uint64_t seed)
{
    double largest = 0.0, worst = 0.0;
    for (size_t i = 0; i < tensor->count; i++)
        largest = fmax(largest, fabs((double)gradient[tensor->offset + i]));
    if (largest <= 0.0)
        return 0.0;
    const md_rng_key key = {seed, MD_STREAM_SHUFFLE, UINT32_MAX};
    for (uint64_t k = 0; k < CHECKED_PER_TENSOR; k++) {
        uint32_t block[4];
        md_rng_block(&key, tensor->offset + k, block);
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): no tensor is empty. */
        const size_t index = tensor->offset + block[0] % tensor->count;
        const double exact = central_difference(m, index), ours = (double)gradient[index];
        worst = fmax(worst, fabs(exact - ours) / fmax(fabs(exact), 1e-3 * largest));
    }
    return worst;
}

static md_status twin_create(const md_trainer *t, size_t samples, twin *m, md_error *err)
{
    *m = (twin){.spec = t->spec, .samples = samples};
    for (int i = 0; i < m->spec.layer_count; i++)
        m->spec.layers[i].rate = 0.0;
    md_model_spec_layout(&m->spec, &m->layout);
    m->features = m->widest = md_store_features(md_dataset_store(t->dataset));
    for (int i = 0; i < m->spec.layer_count; i++)
        if (m->spec.layers[i].units > (int)m->widest)
            m->widest = (size_t)m->spec.layers[i].units;
    const size_t size = sizeof(double);
    md_status status = md_allocate((void **)&m->weights, m->layout.parameters, size, "twin", err);
    if (!status)
        status = md_allocate((void **)&m->pixels, samples * m->features, size, "twin", err);
    if (!status)
        status = md_allocate((void **)&m->here, m->widest, size, "twin", err);
    return status ? status : md_allocate((void **)&m->there, m->widest, size, "twin", err);
}

static md_status twin_fill(const md_trainer *t, const md_batch *batch, const uint32_t *ids, twin *m,
                           md_error *err)
{
    const float *parameters = md_reducer_parameters(t->reducer);
    uint8_t *image;
    md_status status = md_allocate((void **)&image, m->features, 1, "an image", err);
    if (status)
        return status;
    for (size_t i = 0; i < m->layout.parameters; i++)
        m->weights[i] = (double)parameters[i];
    for (size_t n = 0; n < m->samples; n++) {
        md_store_image(md_dataset_store(t->dataset), MD_SPLIT_TRAIN, ids[n], image);
        for (size_t i = 0; i < m->features; i++)
            m->pixels[n * m->features + i] = image[i] / 255.0;
    }
    m->labels = batch->labels;
    free(image);
    return MD_OK;
}

/* The gradient as training computes it, into the reducer's block. */
static md_status compute(md_trainer *t, const twin *m, const md_batch *batch, md_error *err)
{
    md_model *model;
    md_status status = md_model_create(&m->spec, m->samples, t->kernels, &model, err);
    if (status)
        return status;
    const md_pass pass = {.mode = MD_TRAIN};
    size_t correct;
    md_model_forward(model, md_reducer_parameters(t->reducer), batch, &pass);
    md_model_loss(model, batch, &correct);
    md_model_backward(model, md_reducer_parameters(t->reducer), batch,
                      md_reducer_gradient(t->reducer));
    md_model_destroy(&model);
    return MD_OK;
}

static void report(md_trainer *t, twin *m)
{
    const float *gradient = md_reducer_gradient(t->reducer);
    for (int k = 0; k < m->layout.tensor_count; k += 2) {
        const md_tensor *kernel = &m->layout.tensors[k], *bias = kernel + 1;
        const double error = fmax(check_tensor(m, kernel, gradient, t->config->train.seed),
                                  check_tensor(m, bias, gradient, t->config->train.seed));
        const char *name = m->spec.layers[kernel->layer].name;
        md_info("gradient check: %-12s largest relative error %.1e", name, error);
        if (!(error <= suspicious))
            md_warn("the gradient of layer %s differs from central differences by %.1e; a kink of "
                    "relu may do that once, an error in the arithmetic does it for every seed",
                    name, error);
    }
}

static md_status check(md_trainer *t, md_error *err)
{
    const size_t samples = t->images < MOST_SAMPLES ? t->images : MOST_SAMPLES;
    const md_batch *batch = md_batcher_gather(t->batcher, MD_SPLIT_TRAIN, t->order, samples);
    twin m;
    md_status status = twin_create(t, samples, &m, err);
    if (!status)
        status = twin_fill(t, batch, t->order, &m, err);
    if (!status)
        status = compute(t, &m, batch, err);
    if (!status)
        report(t, &m);
    twin_clear(&m);
    return status;
}

md_status md_trainer_check_gradients(md_trainer *t, md_error *err)
{
    md_trainer_sort_epoch(t);
    return md_agree(t->comm, t->rank == 0 ? check(t, err) : MD_OK, err);
}
