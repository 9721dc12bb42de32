/* The gradient of every kind of layer, against central differences of the double twin's loss along
 * random directions, and the twin against numbers that were worked out apart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "distance.h"
#include "every_set.h"
#include "images.h"
#include "mnist_dist/nn/model.h"
#include "mnist_dist/nn/twin.h"
#include "runner.h"
#include "specs.h"

enum { SAMPLES = 19, CLASSES = 5, DIRECTIONS = 8 };

static const md_pass pass = {MD_TRAIN, 12, 3};

static md_model *create(const md_model_spec *spec, const md_kernels *kernels)
{
    md_model *model;
    md_error err;
    CU_ASSERT_FATAL(md_model_create(spec, SAMPLES, kernels, &model, &err) == MD_OK);
    return model;
}

/* One model, its data, both precisions of its parameters, and by tensor the slopes of the twin's
 * loss along each direction. */
typedef struct scene {
    md_model_spec spec;
    md_layout layout;
    md_images images;
    float *parameters, *gradient, *direction;
    double *exact;
    md_twin *twin;
    md_twin_batch batch;
    double slopes[MD_MAX_TENSORS][DIRECTIONS];
    float *targets; /* of an end that is not softmax; NULL: labels */
} scene;

/* Numbers, or of sigmoids 0 and 1; one sigmoid has labels. */
static float *make_targets(const md_model_spec *spec)
{
    const size_t count = SAMPLES * (size_t)md_model_spec_outputs(spec);
    const int yes_or_no = md_model_spec_answer(spec) == MD_ANSWER_LABELS;
    float *targets = calloc(count, sizeof *targets);
    md_fill_uniform(targets, count, -1.0f, 1.0f, 77);
    for (size_t i = 0; yes_or_no && i < count; i++)
        targets[i] = targets[i] > 0.0f;
    return targets;
}

static scene set_scene(int rows, int columns, int layer_count, const md_layer_spec *layers,
                       md_loss_kind loss)
{
    const int pixels = rows * columns;
    scene s = {.spec = md_spec(rows, columns, layer_count, layers)};
    s.spec.loss = loss;
    s.spec.huber_delta = 0.5;
    const int classes = md_model_spec_classes(&s.spec);
    s.images = md_images_create(SAMPLES, (size_t)pixels, classes ? (unsigned)classes : 2, 0.4);
    s.targets = classes ? NULL : make_targets(&s.spec);
    md_model_spec_layout(&s.spec, &s.layout);
    const size_t count = s.layout.parameters;
    s.parameters = calloc(count, sizeof *s.parameters);
    s.gradient = calloc(count, sizeof *s.gradient);
    s.direction = calloc(count, sizeof *s.direction);
    s.exact = calloc(count, sizeof *s.exact);
    float reach = 2.0f / sqrtf((float)pixels);
    md_fill_uniform(s.parameters, count, -reach, reach, 8);
    for (size_t i = 0; i < count; i++)
        s.exact[i] = (double)s.parameters[i];
    s.batch = (md_twin_batch){.samples = SAMPLES,
                              .pixels = s.images.doubles,
                              .labels = s.images.labels,
                              .targets = s.targets,
                              .ids = s.images.ids,
                              .pass = pass};
    CU_ASSERT_EQUAL_FATAL(md_twin_create(&s.spec, &s.twin, NULL), MD_OK);
    return s;
}

static void clear_scene(scene *s)
{
    md_images_destroy(&s->images);
    md_twin_destroy(&s->twin);
    free(s->parameters);
    free(s->gradient);
    free(s->direction);
    free(s->exact);
    free(s->targets);
}

/* The k-th direction in the parameters of a tensor. */
static const float *direction(const scene *s, const md_tensor *tensor, size_t k)
{
    md_fill_uniform(s->direction, tensor->count, -1.0f, 1.0f, tensor->offset + k);
    return s->direction;
}

/* The twin's loss from where the parameters are, `way` along the direction. */
static double loss_along(scene *s, const md_tensor *tensor, double way)
{
    for (size_t i = 0; i < tensor->count; i++)
        s->exact[tensor->offset + i] =
            (double)s->parameters[tensor->offset + i] + way * (double)s->direction[i];
    return md_twin_loss(s->twin, s->exact, &s->batch);
}

static void find_slopes(scene *s)
{
    const double way = 1e-6;
    for (int t = 0; t < s->layout.tensor_count; t++)
        for (size_t k = 0; k < DIRECTIONS; k++) {
            const md_tensor *tensor = &s->layout.tensors[t];
            direction(s, tensor, k);
            const double above = loss_along(s, tensor, way), below = loss_along(s, tensor, -way);
            s->slopes[t][k] = (above - below) / (2.0 * way);
            loss_along(s, tensor, 0.0);
        }
}

/* Every element takes part in every direction, so that the distance of the slopes is, but for
 * chance, that of the gradients. */
static double distance(const scene *s, int t)
{
    const md_tensor *tensor = &s->layout.tensors[t];
    float ours[DIRECTIONS];
    for (size_t k = 0; k < DIRECTIONS; k++) {
        const float *along = direction(s, tensor, k);
        double slope = 0.0;
        for (size_t i = 0; i < tensor->count; i++)
            slope += (double)along[i] * (double)s->gradient[tensor->offset + i];
        ours[k] = (float)slope;
    }
    return md_relative_distance(ours, s->slopes[t], DIRECTIONS);
}

static void train_once(const scene *s, const md_kernels *kernels, int sparse)
{
    md_model *model = create(&s->spec, kernels);
    md_batch batch = {.samples = SAMPLES,
                      .rows = sparse ? s->images.rows : NULL,
                      .pixels = sparse ? NULL : s->images.floats,
                      .labels = s->images.labels,
                      .targets = s->targets,
                      .ids = s->images.ids};
    size_t correct;
    double sum = 0.0;
    md_model_forward(model, s->parameters, &batch, &pass);
    const float *loss = md_model_loss(model, &batch, &correct);
    for (size_t i = 0; i < SAMPLES; i++)
        sum += (double)loss[i];
    double exact = md_twin_loss(s->twin, s->exact, &s->batch);
    CU_ASSERT_DOUBLE_EQUAL(sum, exact, 1e-5 * exact);
    memset(s->gradient, 255, s->layout.parameters * sizeof *s->gradient); /* NaN */
    md_model_backward(model, s->parameters, &batch, s->gradient);
    for (int t = 0; t < s->layout.tensor_count; t++)
        CU_ASSERT(distance(s, t) < 1e-5);
    md_model_destroy(&model);
}

static void check_loss(int rows, int columns, int layer_count, const md_layer_spec *layers,
                       md_loss_kind loss)
{
    scene s = set_scene(rows, columns, layer_count, layers, loss);
    find_slopes(&s);
    size_t sets;
    const md_kernels *const *available = md_kernels_available(&sets);
    for (size_t i = 0; i < sets; i++) {
        train_once(&s, available[i], 0);
        if (layers[0].kind == MD_LAYER_FLATTEN || layers[0].kind == MD_LAYER_DENSE)
            train_once(&s, available[i], 1);
    }
    clear_scene(&s);
}

static void check_images(int rows, int columns, int layer_count, const md_layer_spec *layers)
{
    check_loss(rows, columns, layer_count, layers, MD_LOSS_AUTO);
}

static void check(int pixels, int layer_count, const md_layer_spec *layers)
{
    check_images(1, pixels, layer_count, layers);
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

/* Every loss, of one output and of several. */
static void every_loss(void)
{
    for (int loss = MD_LOSS_AUTO + 1; loss < MD_LOSS_COUNT; loss++) {
        const md_activation end = md_loss_describe((md_loss_kind)loss)->goes_with;
        for (int outputs = end == MD_SOFTMAX ? 2 : 1; outputs <= 4; outputs += 3) {
            const md_layer_spec layers[] = {md_flatten(), md_dense(11, MD_TANH),
                                            md_dense(outputs, end)};
            check_loss(1, 30, 3, layers, (md_loss_kind)loss);
        }
    }
}

/* Wide enough for copies of what the products read, in each of the three. */
static void weights_beyond_the_cache(void)
{
    const md_layer_spec layers[] = {md_dense(400, MD_RELU), md_dense(350, MD_RELU),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    check(350, 3, layers);
}

/* Filters that fill whole vectors and such that do not. */
static void convolutions(void)
{
    const md_window valid = {3, 1, MD_PADDING_VALID}, same = {3, 1, MD_PADDING_SAME};
    const md_window steps = {3, 2, MD_PADDING_SAME}, far = {2, 3, MD_PADDING_VALID};
    const md_layer_spec plain[] = {md_conv2d(16, valid, MD_RELU), md_conv2d(6, valid, MD_TANH),
                                   md_flatten(), md_dense(CLASSES, MD_SOFTMAX)};
    const md_layer_spec padded[] = {md_conv2d(5, same, MD_SIGMOID), md_dropout(0.3),
                                    md_conv2d(32, same, MD_RELU), md_flatten(),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    const md_layer_spec stepping[] = {md_conv2d(7, valid, MD_LINEAR), md_conv2d(18, steps, MD_RELU),
                                      md_conv2d(3, far, MD_TANH), md_flatten(),
                                      md_dense(CLASSES, MD_SOFTMAX)};
    check_images(7, 6, 4, plain);
    check_images(6, 5, 5, padded);
    check_images(12, 13, 5, stepping);
}

static void pools(void)
{
    const md_window same = {3, 1, MD_PADDING_SAME}, half = {2, 2, MD_PADDING_VALID};
    const md_window over = {3, 2, MD_PADDING_SAME};
    const md_layer_spec largest[] = {md_conv2d(8, same, MD_TANH),
                                     md_pool(MD_LAYER_MAX_POOL2D, half),
                                     md_conv2d(4, same, MD_RELU),
                                     md_pool(MD_LAYER_MAX_POOL2D, over),
                                     md_flatten(),
                                     md_dense(CLASSES, MD_SOFTMAX)};
    const md_layer_spec mean[] = {
        md_pool(MD_LAYER_AVERAGE_POOL2D, over), md_conv2d(8, same, MD_TANH),
        md_pool(MD_LAYER_AVERAGE_POOL2D, half), md_flatten(), md_dense(CLASSES, MD_SOFTMAX)};
    check_images(9, 8, 6, largest);
    check_images(9, 8, 5, mean);
}

/* Losses of two samples of a 2-2-3 network, computed apart, by hand but for the exponentials. */
static void the_twin_computes_what_was_worked_out_apart(void)
{
    static const struct {
        md_activation activation;
        double loss;
    } cases[] = {{MD_LINEAR, 0.4531194858264793},
                 {MD_RELU, 0.9469797313272185},
                 {MD_TANH, 0.5421443224127092},
                 {MD_SIGMOID, 1.806302826510906}};
    double weights[] = {0.5,   -1.0, 0.25, 2.0, /* first kernel, bias, second kernel, bias */
                        0.125, -0.5, 1.0,  -0.5, 0.25, -2.0, 0.75, 1.5, 0.1, -0.2, 0.3};
    static const double pixels[] = {1.0, 0.5, 0.25, 0.75};
    static const int32_t labels[] = {0, 2};
    const md_twin_batch batch = {.samples = 2, .pixels = pixels, .labels = labels, .pass = pass};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const md_layer_spec layers[] = {md_flatten(), md_dense(2, cases[i].activation),
                                        md_dropout(0.5), md_dense(3, MD_SOFTMAX)};
        const md_model_spec spec = md_spec(1, 2, 4, layers);
        md_twin *twin;
        CU_ASSERT_EQUAL_FATAL(md_twin_create(&spec, &twin, NULL), MD_OK);
        CU_ASSERT_DOUBLE_EQUAL(md_twin_loss(twin, weights, &batch), cases[i].loss, 1e-14);
        md_twin_destroy(&twin);
    }
}

/* By one parameter at a time, as --debug asks, which leaves the parameters as they were. */
static void the_twin_s_slopes_are_the_gradient(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(9, MD_TANH), md_dropout(0.3),
                                    md_dense(7, MD_SIGMOID), md_dense(CLASSES, MD_SOFTMAX)};
    scene s = set_scene(1, 20, 5, layers, MD_LOSS_AUTO);
    find_slopes(&s);
    train_once(&s, md_kernels_get(), 0);
    for (size_t i = 0; i < s.layout.parameters; i++) {
        CU_ASSERT_DOUBLE_EQUAL(md_twin_slope(s.twin, s.exact, i, &s.batch), (double)s.gradient[i],
                               1e-5);
        CU_ASSERT_DOUBLE_EQUAL(s.exact[i], (double)s.parameters[i], 0.0);
    }
    clear_scene(&s);
}

const char md_suite[] = "nn.gradient";
CU_TestInfo md_tests[] = {
    {"relu", relu},
    {"tanh", hyperbolic_tangent},
    {"sigmoid", sigmoid},
    {"linear", linear},
    {"one layer alone", one_layer},
    {"every loss", every_loss},
    {"dropout between layers", dropout_between_layers},
    {"dropout of pixels", dropout_of_pixels},
    {"weights beyond the cache", weights_beyond_the_cache},
    {"convolutions", convolutions},
    {"pools", pools},
    {"the twin computes what was worked out apart", the_twin_computes_what_was_worked_out_apart},
    {"the twin's slopes are the gradient", the_twin_s_slopes_are_the_gradient},
    CU_TEST_INFO_NULL};
