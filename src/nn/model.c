#include "mnist_dist/nn/model.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"

struct md_model {
    md_model_spec spec;
    md_layout layout;
    const md_kernels *kernels;
    md_layer layers[MD_MAX_LAYERS];
    int first_dense; /* index of the first layer with parameters */
    md_walk walk;    /* the last forward */
    const float *logits;
    float *loss;           /* [max_samples] */
    float *logit_gradient; /* [max_samples][classes] */
};

static const md_layer_ops *const kinds[] = {[MD_LAYER_FLATTEN] = &md_flatten_ops,
                                            [MD_LAYER_DENSE] = &md_dense_ops,
                                            [MD_LAYER_DROPOUT] = &md_dropout_ops};

size_t md_model_classes(const md_model *model)
{
    return (size_t)md_model_spec_classes(&model->spec);
}

/* Everything about the layers but their state. */
static void describe_layers(md_model *model)
{
    size_t width = (size_t)model->spec.rows * (size_t)model->spec.columns;
    const md_tensor *tensor = model->layout.tensors;
    model->first_dense = model->layout.tensors[0].layer;
    for (int i = 0; i < model->spec.layer_count; i++) {
        const md_layer_spec *spec = &model->spec.layers[i];
        md_layer *layer = &model->layers[i];
        *layer = (md_layer){.ops = kinds[spec->kind],
                            .spec = spec,
                            .index = i,
                            .in = width,
                            .out = width,
                            .propagates = i > model->first_dense};
        if (spec->kind != MD_LAYER_DENSE)
            continue;
        layer->kernel = tensor++;
        layer->bias = tensor++;
        layer->out = width = (size_t)spec->units;
    }
}

static md_status make_buffers(md_model *model, size_t max_samples, md_error *err)
{
    for (int i = 0; i < model->spec.layer_count; i++) {
        md_layer *layer = &model->layers[i];
        if (!layer->ops->create)
            continue;
        md_status status = layer->ops->create(layer, model->kernels, max_samples, err);
        if (status)
            return status;
    }
    size_t logits = max_samples * md_model_classes(model);
    md_status status =
        md_allocate((void **)&model->loss, max_samples, sizeof *model->loss, "losses", err);
    if (status)
        return status;
    return md_allocate((void **)&model->logit_gradient, logits, sizeof *model->logit_gradient,
                       "gradients", err);
}

md_status md_model_create(const md_model_spec *spec, size_t max_samples, const md_kernels *kernels,
                          md_model **out, md_error *err)
{
    *out = NULL;
    md_status status = md_model_spec_check(spec, err);
    if (status)
        return status;
    if (max_samples > INT_MAX)
        return md_fail(err, MD_USAGE,
                       "batches of %zu samples are larger than CBLAS can take; "
                       "use a smaller train.batch_size",
                       max_samples);
    md_model *model = calloc(1, sizeof *model);
    if (!model)
        return md_fail_memory(err, "a model", sizeof *model);
    model->spec = *spec;
    model->kernels = kernels;
    md_model_spec_layout(&model->spec, &model->layout);
    describe_layers(model);
    status = make_buffers(model, max_samples, err);
    if (status)
        md_model_destroy(&model);
    *out = model;
    return status;
}

void md_model_destroy(md_model **model)
{
    md_model *m = *model;
    if (!m)
        return;
    for (int i = 0; i < m->spec.layer_count; i++)
        if (m->layers[i].ops->destroy)
            m->layers[i].ops->destroy(&m->layers[i]);
    free(m->loss);
    free(m->logit_gradient);
    free(m);
    *model = NULL;
}

const md_layout *md_model_layout(const md_model *model)
{
    return &model->layout;
}

int md_model_takes_sparse(const md_model *model)
{
    for (int i = 0; i < model->first_dense; i++)
        if (model->spec.layers[i].kind != MD_LAYER_FLATTEN)
            return 0;
    return 1;
}

void md_model_initialize(const md_model *model, uint64_t seed, float *parameters)
{
    memset(parameters, 0, model->layout.parameters * sizeof *parameters);
    for (int i = 0; i < model->layout.tensor_count; i += 2) {
        const md_tensor *kernel = &model->layout.tensors[i];
        float *w = parameters + kernel->offset;
        const double limit = sqrt(6.0 / (double)(kernel->shape[0] + kernel->shape[1]));
        md_rng_key key = {seed, MD_STREAM_INITIALIZER, (uint32_t)kernel->layer};
        md_rng_uniform(&key, 0, w, kernel->count);
        for (size_t j = 0; j < kernel->count; j++)
            w[j] = (float)((2.0 * (double)w[j] - 1.0) * limit);
    }
}

const float *md_model_forward(md_model *model, const float *parameters, const md_batch *batch,
                              const md_pass *pass)
{
    model->walk = (md_walk){.kernels = model->kernels,
                            .parameters = parameters,
                            .samples = batch->samples,
                            .ids = batch->ids,
                            .pass = *pass};
    md_signal x = {.rows = batch->rows, .values = batch->pixels};
    for (int i = 0; i < model->spec.layer_count; i++)
        x = model->layers[i].ops->forward(&model->layers[i], &model->walk, x);
    model->logits = x.values;
    return model->logits;
}

const float *md_model_loss(md_model *model, const md_batch *batch, size_t *correct)
{
    float *gradient = model->walk.pass.mode == MD_TRAIN ? model->logit_gradient : NULL;
    *correct = model->kernels->softmax_loss(model->logits, batch->labels, batch->samples,
                                            md_model_classes(model), gradient, model->loss);
    return model->loss;
}

void md_model_backward(md_model *model, const float *parameters, const md_batch *batch,
                       float *gradient)
{
    if (batch->samples == 0) {
        memset(gradient, 0, model->layout.parameters * sizeof *gradient);
        return;
    }
    model->walk.parameters = parameters;
    model->walk.gradient = gradient;
    float *dy = model->logit_gradient;
    for (int i = model->spec.layer_count - 1; i >= model->first_dense; i--)
        dy = model->layers[i].ops->backward(&model->layers[i], &model->walk, dy);
}

void md_model_softmax(const float *logits, size_t n, size_t classes, float *probabilities)
{
    for (size_t i = 0; i < n; i++, logits += classes, probabilities += classes) {
        float top = logits[0], sum = 0.0f;
        for (size_t c = 1; c < classes; c++)
            top = logits[c] > top ? logits[c] : top;
        for (size_t c = 0; c < classes; c++) {
            probabilities[c] = expf(logits[c] - top);
            sum += probabilities[c];
        }
        for (size_t c = 0; c < classes; c++)
            probabilities[c] /= sum;
    }
}
