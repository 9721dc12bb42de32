/* Backward in two parts, as ranks that share a batch go about it: each fills rows of the matrices
 * that they share, and gradients made of all rows are those of the batch. */
#include <stdlib.h>
#include <string.h>

#include "distance.h"
#include "every_set.h"
#include "images.h"
#include "mnist_dist/nn/model.h"
#include "runner.h"
#include "specs.h"

enum { SAMPLES = 27, SIDE = 9, CLASSES = 10, PARTS = 3 };

static const md_pass training = {MD_TRAIN, 1, 0};

/* A first convolution whose sums travel, and one whose factors are fewer; a dense layer. */
static md_model_spec mixed(void)
{
    const md_layer_spec layers[] = {
        md_conv2d(5, (md_window){3, 1, MD_PADDING_SAME}, MD_TANH),
        md_pool(MD_LAYER_MAX_POOL2D, (md_window){3, 3, MD_PADDING_VALID}),
        md_dropout(0.2),
        md_conv2d(40, (md_window){3, 1, MD_PADDING_VALID}, MD_RELU),
        md_flatten(),
        md_dense(CLASSES, MD_SOFTMAX)};
    return md_spec(SIDE, SIDE, sizeof layers / sizeof *layers, layers);
}

static md_batch part_of(const md_images *images, size_t begin, size_t end)
{
    return (md_batch){.samples = end - begin,
                      .first = begin,
                      .pixels = images->floats + begin * SIDE * SIDE,
                      .labels = images->labels + begin,
                      .ids = images->ids + begin};
}

static void fill(md_model *model, const float *w, const md_batch *batch)
{
    size_t correct;
    md_model_forward(model, w, batch, &training);
    md_model_loss(model, batch, &correct);
    md_model_propagate(model, w, batch);
}

/* The gradient of a batch that was cut before the samples in `cuts`, each part by a model of its
 * own, that of the last one computed in two ranges. */
static void in_parts(const md_model_spec *spec, const md_kernels *kernels, const float *w,
                     const md_images *images, const size_t cuts[PARTS + 1], float *gradient)
{
    md_model *models[PARTS];
    md_matrix matrices[MD_MODEL_MOST_MATRICES];
    const md_batch all = part_of(images, 0, SAMPLES);
    float *shared = NULL;
    md_error err;
    for (int i = 0; i < PARTS; i++) {
        size_t floats = 0;
        const md_batch part = part_of(images, cuts[i], cuts[i + 1]);
        CU_ASSERT_FATAL(md_model_create(spec, SAMPLES, kernels, &models[i], &err) == MD_OK);
        for (int k = md_model_matrices(models[i], matrices); k > 0; k--)
            floats += md_matrix_floats(&matrices[k - 1], (md_range){0, SAMPLES});
        shared = shared ? shared : calloc(floats, sizeof *shared);
        CU_ASSERT_FATAL(shared && md_model_place(models[i], shared, SAMPLES, &err) == MD_OK);
        fill(models[i], w, &part);
    }
    const md_layout *layout = md_model_layout(models[0]);
    const md_tensor *middle = &layout->tensors[2];
    const size_t cut = middle->offset + 7 * md_tensor_row(middle);
    const md_range low = {0, cut}, high = {cut, layout->parameters - cut};
    md_model_gradient(models[PARTS - 1], &all, low, gradient);
    md_model_gradient(models[PARTS - 1], &all, high, gradient + cut);
    for (int i = 0; i < PARTS; i++)
        md_model_destroy(&models[i]);
    free(shared);
}

static void check_parts(const md_kernels *kernels)
{
    const size_t even[] = {0, 8, 16, SAMPLES}, uneven[] = {0, 20, 20, SAMPLES};
    const md_model_spec spec = mixed();
    md_images images = md_images_create(SAMPLES, SIDE * SIDE, CLASSES, 0.4);
    const md_batch all = part_of(&images, 0, SAMPLES);
    md_model *model;
    md_error err;
    CU_ASSERT_FATAL(md_model_create(&spec, SAMPLES, kernels, &model, &err) == MD_OK);
    const size_t count = md_model_layout(model)->parameters;
    float *w = calloc(4 * count, sizeof *w), *alone = w + count, *a = alone + count, *b = a + count;
    double *judge = calloc(count, sizeof *judge);
    md_model_initialize(model, 5, w);
    fill(model, w, &all);
    md_model_gradient(model, &all, (md_range){0, count}, alone);
    in_parts(&spec, kernels, w, &images, even, a);
    in_parts(&spec, kernels, w, &images, uneven, b);
    CU_ASSERT_EQUAL(memcmp(a, b, count * sizeof *a), 0);
    for (size_t i = 0; i < count; i++)
        judge[i] = (double)alone[i];
    CU_ASSERT(md_relative_distance(a, judge, count) < 1e-6);
    free(w);
    free(judge);
    md_images_destroy(&images);
    md_model_destroy(&model);
}

static void parts_of_a_batch_make_its_gradient(void)
{
    md_for_every_set(check_parts);
}

/* Not the rank count, nor the batch, but the layer's own sizes say how its gradient travels. */
static void sizes_decide_what_travels(void)
{
    const md_model_spec spec = mixed();
    md_model *model;
    md_matrix matrices[MD_MODEL_MOST_MATRICES];
    md_error err;
    CU_ASSERT_FATAL(md_model_create(&spec, 4, md_kernels_get(), &model, &err) == MD_OK);
    /* Sums of the first: 3 x 3 x 5 weights and 5 biases. Of the second, whose 1,800 weights are
     * more than 4 samples' 3 x 3 x 5 inputs and 40 outputs, both; of the dense layer its 40 inputs
     * are the second's outputs, and the gradients by them; the gradient of the loss. */
    const md_matrix wanted[] = {{50, MD_MICRO_SHARD}, {45, 1}, {40, 1}, {40, 1}, {10, 1}};
    const int count = md_model_matrices(model, matrices);
    CU_ASSERT_EQUAL_FATAL(count, (int)(sizeof wanted / sizeof *wanted));
    CU_ASSERT_EQUAL(memcmp(matrices, wanted, sizeof wanted), 0);
    CU_ASSERT(!md_model_shares_inputs(model));
    md_model_destroy(&model);
}

const char md_suite[] = "nn.matrices";

CU_TestInfo md_tests[] = {
    {"parts of a batch make its gradient", parts_of_a_batch_make_its_gradient},
    {"sizes decide what travels", sizes_decide_what_travels},
    CU_TEST_INFO_NULL};
