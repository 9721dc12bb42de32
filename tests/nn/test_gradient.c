/* The gradient of every kind of layer, against central differences of the double twin's loss, and
 * all of its elements against the twin's own gradient. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "every_set.h"
#include "gradcheck.h"
#include "images.h"
#include "mnist_dist/nn/model.h"
#include "mnist_dist/nn/twin.h"
#include "reference.h"
#include "runner.h"
#include "specs.h"

enum { SAMPLES = 19, CLASSES = 5, PROBES = 8 };

static const md_pass pass = {MD_TRAIN, 12, 3};

static md_model *create(const md_model_spec *spec, const md_kernels *kernels)
{
    md_model *model;
    md_error err;
    CU_ASSERT_FATAL(md_model_create(spec, SAMPLES, kernels, &model, &err) == MD_OK);
    return model;
}

/* The factors of dropout layer `at`, seen from outside: a model with the same layer in the same
 * place between images of ones and an identity. */
static double *held_mask(const md_model_spec *spec, int at, size_t width, const md_images *images)
{
    md_layer_spec layers[MD_MAX_LAYERS];
    for (int i = 0; i < at; i++)
        layers[i] = md_flatten();
    layers[at] = spec->layers[at];
    layers[at + 1] = md_dense((int)width, MD_SOFTMAX);
    md_model_spec probe = md_spec((int)width, at + 2, layers);
    md_model *model = create(&probe, md_kernels_get());
    float *identity = calloc(width * width + width, sizeof *identity);
    float *ones = calloc(SAMPLES * width, sizeof *ones);
    double *mask = calloc(SAMPLES * width, sizeof *mask);
    for (size_t j = 0; j < width; j++)
        identity[j * width + j] = 1.0f;
    for (size_t i = 0; i < SAMPLES * width; i++)
        ones[i] = 1.0f;
    md_batch batch = {SAMPLES, NULL, ones, images->labels, images->ids};
    const float *seen = md_model_forward(model, identity, &batch, &pass);
    for (size_t i = 0; i < SAMPLES * width; i++)
        mask[i] = (double)seen[i];
    free(identity);
    free(ones);
    md_model_destroy(&model);
    return mask;
}

/* One model, its data, and both precisions of its parameters. */
typedef struct scene {
    md_model_spec spec;
    md_images images;
    size_t count;
    float *parameters, *gradient;
    double *exact, *exact_gradient;
    double *masks[MD_MAX_LAYERS];
    md_reference_batch batch;
} scene;

static scene set_scene(int pixels, int layer_count, const md_layer_spec *layers)
{
    scene s = {.spec = md_spec(pixels, layer_count, layers),
               .images = md_images_create(SAMPLES, (size_t)pixels, CLASSES, 0.4)};
    md_layout layout;
    md_model_spec_layout(&s.spec, &layout);
    s.count = layout.parameters;
    s.parameters = calloc(s.count, sizeof *s.parameters);
    s.gradient = calloc(s.count, sizeof *s.gradient);
    s.exact = calloc(s.count, sizeof *s.exact);
    s.exact_gradient = calloc(s.count, sizeof *s.exact_gradient);
    float reach = 2.0f / sqrtf((float)pixels);
    md_fill_uniform(s.parameters, s.count, -reach, reach, 8);
    for (size_t i = 0; i < s.count; i++)
        s.exact[i] = (double)s.parameters[i];
    s.batch = (md_reference_batch){SAMPLES, s.images.doubles, s.images.labels, {NULL}};
    size_t width = (size_t)pixels;
    for (int i = 0; i < layer_count; i++) {
        if (layers[i].kind == MD_LAYER_DROPOUT)
            s.batch.masks[i] = s.masks[i] = held_mask(&s.spec, i, width, &s.images);
        if (layers[i].kind == MD_LAYER_DENSE)
            width = (size_t)layers[i].units;
    }
    return s;
}

static void clear_scene(scene *s)
{
    md_images_destroy(&s->images);
    free(s->parameters);
    free(s->gradient);
    free(s->exact);
    free(s->exact_gradient);
    for (int i = 0; i < MD_MAX_LAYERS; i++)
        free(s->masks[i]);
}

static double loss_at(const double *parameters, const void *context)
{
    const scene *s = context;
    return md_reference_loss(&s->spec, parameters, &s->batch);
}

static void train_once(const scene *s, const md_kernels *kernels, int sparse)
{
    md_model *model = create(&s->spec, kernels);
    md_batch batch = {.samples = SAMPLES,
                      .rows = sparse ? s->images.rows : NULL,
                      .pixels = sparse ? NULL : s->images.floats,
                      .labels = s->images.labels,
                      .ids = s->images.ids};
    size_t correct;
    double sum = 0.0;
    md_model_forward(model, s->parameters, &batch, &pass);
    const float *loss = md_model_loss(model, &batch, &correct);
    for (size_t i = 0; i < SAMPLES; i++)
        sum += (double)loss[i];
    double exact = loss_at(s->exact, s);
    CU_ASSERT_DOUBLE_EQUAL(sum, exact, 1e-5 * exact);
    memset(s->gradient, 255, s->count * sizeof *s->gradient); /* NaN */
    md_model_backward(model, s->parameters, &batch, s->gradient);
    CU_ASSERT(md_relative_distance(s->gradient, s->exact_gradient, s->count) < 1e-5);
    md_model_destroy(&model);
}

/* Some parameters of every tensor: how far is the twin's gradient from the slope of its loss? */
static double worst_slope(scene *s)
{
    double worst = 0.0, largest = 0.0;
    md_layout layout;
    md_model_spec_layout(&s->spec, &layout);
    for (int t = 0; t < layout.tensor_count; t++)
        for (size_t probe = 0; probe < PROBES; probe++) {
            size_t i = layout.tensors[t].offset + probe * 7919 % layout.tensors[t].count;
            double slope = md_central_difference(loss_at, s->exact, i, 1e-6, s);
            worst = fmax(worst, fabs(slope - s->exact_gradient[i]));
            largest = fmax(largest, fabs(slope));
        }
    return worst / largest;
}

static void check(int pixels, int layer_count, const md_layer_spec *layers)
{
    scene s = set_scene(pixels, layer_count, layers);
    md_reference_gradient(&s.spec, s.exact, &s.batch, s.exact_gradient);
    CU_ASSERT(worst_slope(&s) < 1e-6);
    size_t sets;
    const md_kernels *const *available = md_kernels_available(&sets);
    for (size_t i = 0; i < sets; i++) {
        train_once(&s, available[i], 0);
        if (layers[0].kind != MD_LAYER_DROPOUT)
            train_once(&s, available[i], 1);
    }
    clear_scene(&s);
}

static void check_hidden(md_activation activation)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(17, activation), md_dense(9, activation),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    check(30, 4, layers);
}

static void relu(void)
{
    check_hidden(MD_RELU);
}

static void hyperbolic_tangent(void)
{
    check_hidden(MD_TANH);
}

static void sigmoid(void)
{
    check_hidden(MD_SIGMOID);
}

static void linear(void)
{
    check_hidden(MD_LINEAR);
}

static void one_layer(void)
{
    const md_layer_spec layers[] = {md_dense(CLASSES, MD_SOFTMAX)};
    check(30, 1, layers);
}

static void dropout_between_layers(void)
{
    const md_layer_spec layers[] = {md_flatten(),    md_dense(18, MD_TANH),
                                    md_dropout(0.4), md_dense(16, MD_RELU),
                                    md_dropout(0.2), md_dense(CLASSES, MD_SOFTMAX)};
    check(30, 6, layers);
}

static void dropout_of_pixels(void)
{
    const md_layer_spec layers[] = {md_dropout(0.3), md_flatten(), md_dense(12, MD_RELU),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    check(30, 4, layers);
}

/* Wide enough for CBLAS to take over from the kernels, in each of the three products. */
static void weights_beyond_the_cache(void)
{
    const md_layer_spec layers[] = {md_dense(400, MD_RELU), md_dense(350, MD_RELU),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    check(350, 3, layers);
}

/* The program's own judge of gradients (nn/twin.h) against the reference, which knows nothing of
 * it: loss and, by its central differences, the slope by every parameter. */
static void the_program_s_twin_agrees(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(9, MD_TANH), md_dense(7, MD_SIGMOID),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    scene s = set_scene(20, 4, layers);
    md_twin *twin;
    CU_ASSERT_EQUAL_FATAL(md_twin_create(&s.spec, &twin, NULL), MD_OK);
    const double exact = loss_at(s.exact, &s);
    CU_ASSERT_DOUBLE_EQUAL(md_twin_loss(twin, s.exact, s.images.doubles, s.images.labels, SAMPLES),
                           exact, 1e-12 * exact);
    md_reference_gradient(&s.spec, s.exact, &s.batch, s.exact_gradient);
    for (size_t i = 0; i < s.count; i++)
        CU_ASSERT_DOUBLE_EQUAL(
            md_twin_slope(twin, s.exact, i, s.images.doubles, s.images.labels, SAMPLES),
            s.exact_gradient[i], 1e-6);
    md_twin_destroy(&twin);
    clear_scene(&s);
}

const char md_suite[] = "nn.gradient";
CU_TestInfo md_tests[] = {{"relu", relu},
                          {"tanh", hyperbolic_tangent},
                          {"sigmoid", sigmoid},
                          {"linear", linear},
                          {"one layer alone", one_layer},
                          {"dropout between layers", dropout_between_layers},
                          {"dropout of pixels", dropout_of_pixels},
                          {"weights beyond the cache", weights_beyond_the_cache},
                          {"the program's twin agrees", the_program_s_twin_agrees},
                          CU_TEST_INFO_NULL};
