#include "mnist_dist/nn/model.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"
#include "mnist_dist/nn/loss.h"

struct md_model {
    md_model_spec spec;
    md_layout layout;
    const md_kernels *kernels;
    const md_loss *loss_function;
    size_t classes;
    md_layer layers[MD_MAX_LAYERS];
    int first_weighted;         /* index of the first layer with parameters */
    md_forward_context context; /* of the last forward */
    const float *logits;
    float *loss;           /* [max_samples] */
    float *logit_gradient; /* [max_samples][classes] */
};

#define MD_KIND(NAME, name) extern const md_layer_ops md_layer_ops_##name;
MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND

static const md_layer_ops *const kinds[MD_LAYER_KIND_COUNT] = {
#define MD_KIND(NAME, name) &md_layer_ops_##name,
    MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND
};

size_t md_model_classes(const md_model *model)
{
    return model->classes;
}

int md_layers_describe(const md_model_spec *spec, const md_layout *layout,
                       md_layer layers[MD_MAX_LAYERS])
{
    const int first_weighted = layout->tensors[0].layer;
    for (int i = 0; i < spec->layer_count; i++)
        layers[i] = (md_layer){.ops = kinds[spec->layers[i].kind],
                               .spec = &spec->layers[i],
                               .index = i,
                               .in_shape = &layout->shapes[i],
                               .out_shape = &layout->shapes[i + 1],
                               .in = md_shape_size(&layout->shapes[i]),
                               .out = md_shape_size(&layout->shapes[i + 1]),
                               .tensors = &layout->tensors[layout->first[i]],
                               .tensor_count = layout->first[i + 1] - layout->first[i],
                               .propagates = i > first_weighted};
    return first_weighted;
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
    size_t logits = max_samples * model->classes;
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
    model->classes = (size_t)md_model_spec_classes(spec);
    model->loss_function = md_loss_find(spec->loss);
    model->first_weighted = md_layers_describe(&model->spec, &model->layout, model->layers);
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
    int i = 0;
    while (model->layers[i].ops->passes_sparse)
        i++;
    return model->layers[i].ops->takes_sparse;
}

/* U(-l, l) with l = sqrt(6 / (fan_in + fan_out)); each array has counters of its own. */
static void draw_glorot(const md_tensor *tensor, int number, uint64_t seed, float *w)
{
    const double limit = sqrt(6.0 / (double)(tensor->fan_in + tensor->fan_out));
    const md_rng_key key = {seed, MD_STREAM_INITIALIZER, (uint32_t)tensor->layer};
    md_rng_uniform(&key, (uint64_t)number << 40, w, tensor->count);
    for (size_t j = 0; j < tensor->count; j++)
        w[j] = (float)((2.0 * (double)w[j] - 1.0) * limit);
}

void md_model_initialize(const md_model *model, uint64_t seed, float *parameters)
{
    const md_layout *layout = &model->layout;
    memset(parameters, 0, layout->parameters * sizeof *parameters);
    for (int i = 0; i < layout->tensor_count; i++) {
        const md_tensor *tensor = &layout->tensors[i];
        if (tensor->fan_in)
            draw_glorot(tensor, i - layout->first[tensor->layer], seed,
                        parameters + tensor->offset);
    }
}

const float *md_model_forward(md_model *model, const float *parameters, const md_batch *batch,
                              const md_pass *pass)
{
    model->context = (md_forward_context){.kernels = model->kernels,
                                          .parameters = parameters,
                                          .samples = batch->samples,
                                          .ids = batch->ids,
                                          .pass = *pass};
    md_activations x = {.rows = batch->rows, .values = batch->pixels};
    for (int i = 0; i < model->spec.layer_count; i++)
        x = model->layers[i].ops->forward(&model->layers[i], &model->context, x);
    model->logits = x.values;
    return model->logits;
}

const float *md_model_loss(md_model *model, const md_batch *batch, size_t *correct)
{
    float *gradient = model->context.pass.mode == MD_TRAIN ? model->logit_gradient : NULL;
    *correct = model->loss_function->compute(model->kernels, model->logits, batch->labels,
                                             batch->samples, model->classes, gradient, model->loss);
    return model->loss;
}

void md_model_backward(md_model *model, const float *parameters, const md_batch *batch,
                       float *gradient)
{
    if (batch->samples == 0) {
        memset(gradient, 0, model->layout.parameters * sizeof *gradient);
        return;
    }
    model->context.parameters = parameters;
    model->context.gradient = gradient;
    float *dy = model->logit_gradient;
    for (int i = model->spec.layer_count - 1; i >= model->first_weighted; i--)
        dy = model->layers[i].ops->backward(&model->layers[i], &model->context, dy);
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
