/* Prints digests of what the arithmetic gives: weights after some steps of each kind, and the
 * functions over many floats. The same on every machine; other_machine.sh compares. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"
#include "mnist_dist/base/digest.h"
#include "mnist_dist/nn/model.h"
#include "mnist_dist/nn/optimizer.h"
#include "specs.h"

enum { SAMPLES = 70, PIXELS = 784, CLASSES = 10, STEPS = 6 };

static float *zeros(size_t count)
{
    float *x = calloc(count, sizeof *x);
    if (!x)
        abort();
    return x;
}

static void step(md_model *model, const md_images *images, int dense, int64_t iteration,
                 const md_optimizer_slice *slice, md_optimizer_kind kind)
{
    const md_batch batch = {.samples = SAMPLES,
                            .rows = dense ? NULL : images->rows,
                            .pixels = dense ? images->floats : NULL,
                            .labels = images->labels,
                            .ids = images->ids};
    const md_pass pass = {MD_TRAIN, 7, (uint32_t)iteration};
    md_optimizer_spec spec = md_optimizer_default();
    spec.kind = kind;
    const md_optimizer_step how = {.spec = &spec,
                                   .kernels = md_kernels_get(),
                                   .iteration = iteration,
                                   .learning_rate = 0.01,
                                   .gradient_scale = 1.0 / SAMPLES};
    size_t correct;
    md_model_forward(model, slice->parameters, &batch, &pass);
    md_model_loss(model, &batch, &correct);
    md_model_backward(model, slice->parameters, &batch, (float *)slice->gradient);
    md_optimizer_constants constants;
    md_optimizer_find(kind)->begin(&how, &constants);
    md_optimizer_find(kind)->apply(&constants, slice);
}

static void train(const char *name, const md_model_spec *spec, int dense, md_optimizer_kind kind)
{
    md_images images = md_images_create(SAMPLES, PIXELS, CLASSES, 0.3);
    md_model *model;
    if (md_model_create(spec, SAMPLES, md_kernels_get(), &model, NULL))
        abort();
    const size_t count = md_model_layout(model)->parameters;
    float *gradient = zeros(count), *w = zeros(count), *m = zeros(count), *v = zeros(count);
    const md_optimizer_slice slice = {count, gradient, w, {m, v}};
    md_model_initialize(model, 42, w);
    for (int64_t i = 1; i <= STEPS; i++)
        step(model, &images, dense, i, &slice, kind);
    printf("%-24s %016" PRIx64 "\n", name, md_digest_floats(w, count));
    free(gradient);
    free(w);
    free(m);
    free(v);
    md_model_destroy(&model);
    md_images_destroy(&images);
}

static void apply(const char *name, void (*function)(float *x, size_t count))
{
    enum { COUNT = 1 << 20 };
    float *x = zeros(COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint32_t bits = i << 12 | i % 4096;
        memcpy(&x[i], &bits, sizeof bits);
    }
    function(x, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        if (x[i] != x[i]) /* NaNs have many forms */
            x[i] = 0.0f;
    printf("%-24s %016" PRIx64 "\n", name, md_digest_floats(x, COUNT));
    free(x);
}

int main(void)
{
    const md_layer_spec last = md_dense(CLASSES, MD_SOFTMAX);
    const md_layer_spec smooth[] = {md_flatten(), md_dense(50, MD_TANH), md_dropout(0.3),
                                    md_dense(33, MD_SIGMOID), last};
    const md_layer_spec large[] = {md_flatten(), md_dense(300, MD_RELU), md_dense(500, MD_RELU),
                                   last};
    const md_model_spec notebook = md_notebook(), soft = md_spec(28, 28, 5, smooth);
    const md_model_spec wide = md_spec(28, 28, 4, large);
    train("sparse, adam", &notebook, 0, MD_OPTIMIZER_ADAM);
    train("dense, sgd", &notebook, 1, MD_OPTIMIZER_SGD);
    train("tanh, sigmoid, dropout", &soft, 0, MD_OPTIMIZER_ADAMW);
    train("large layers", &wide, 1, MD_OPTIMIZER_ADAM);
    apply("exp", md_kernels_get()->exp);
    apply("log", md_kernels_get()->log);
    apply("tanh", md_kernels_get()->tanh);
    apply("sigmoid", md_kernels_get()->sigmoid);
    return 0;
}
