/* The model as a whole: what it computes, what it refuses, and what depends on what. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "distance.h"
#include "every_set.h"
#include "images.h"
#include "mnist_dist/nn/model.h"
#include "runner.h"
#include "specs.h"

enum { SAMPLES = 40, PIXELS = 90, CLASSES = 10 };

static const md_pass training = {MD_TRAIN, 1, 0}, inference = {MD_INFER, 1, 0};

static md_model_spec usual(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(32, MD_RELU), md_dense(20, MD_RELU),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    return md_spec(1, PIXELS, 4, layers);
}

static md_model *create(const md_model_spec *spec, const md_kernels *kernels)
{
    md_model *model;
    md_error err;
    CU_ASSERT_FATAL(md_model_create(spec, SAMPLES, kernels, &model, &err) == MD_OK);
    return model;
}

static float *block(const md_model *model)
{
    float *x = calloc(md_model_layout(model)->parameters, sizeof *x);
    if (!x)
        abort();
    return x;
}

static md_batch batch_of(const md_images *images, size_t samples, int sparse)
{
    return (md_batch){.samples = samples,
                      .rows = sparse ? images->rows : NULL,
                      .pixels = sparse ? NULL : images->floats,
                      .labels = images->labels,
                      .ids = images->ids};
}

/* Loss of the whole batch, and its gradient. */
static double train(md_model *model, const float *parameters, const md_batch *batch,
                    float *gradient)
{
    size_t correct;
    double sum = 0.0;
    md_model_forward(model, parameters, batch, &training);
    const float *loss = md_model_loss(model, batch, &correct);
    for (size_t i = 0; i < batch->samples; i++)
        sum += (double)loss[i];
    md_model_backward(model, parameters, batch, gradient);
    return sum;
}

static void check_sparse_is_dense(const md_kernels *kernels)
{
    const double densities[] = {0.0, 0.1, 0.19, 0.5, 0.9, 1.0};
    md_model_spec spec = usual();
    md_model *model = create(&spec, kernels);
    size_t count = md_model_layout(model)->parameters;
    float *w = block(model), *dense = block(model), *sparse = block(model);
    double *judge = calloc(count, sizeof *judge);
    md_model_initialize(model, 5, w);
    for (size_t d = 0; d < sizeof densities / sizeof *densities; d++) {
        md_images images = md_images_create(SAMPLES, PIXELS, CLASSES, densities[d]);
        md_batch as_rows = batch_of(&images, SAMPLES, 1), as_floats = batch_of(&images, SAMPLES, 0);
        double loss = train(model, w, &as_floats, dense);
        CU_ASSERT_DOUBLE_EQUAL(train(model, w, &as_rows, sparse), loss, 1e-6 * loss);
        for (size_t i = 0; i < count; i++)
            judge[i] = (double)dense[i];
        CU_ASSERT(md_relative_distance(sparse, judge, count) < 1e-6);
        md_images_destroy(&images);
    }
    free(w);
    free(dense);
    free(sparse);
    free(judge);
    md_model_destroy(&model);
}

static void sparse_batches_give_what_dense_ones_give(void)
{
    md_for_every_set(check_sparse_is_dense);
}

static void check_repeats(const md_kernels *kernels)
{
    md_model_spec spec = usual();
    md_model *a = create(&spec, kernels), *b = create(&spec, kernels);
    float *w = block(a), *first = block(a), *second = block(a);
    md_images images = md_images_create(SAMPLES, PIXELS, CLASSES, 0.2);
    md_batch batch = batch_of(&images, SAMPLES, 1), other = batch_of(&images, 7, 0);
    md_model_initialize(a, 5, w);
    double loss = train(a, w, &batch, first);
    train(b, w, &other, second); /* whatever came before leaves no trace */
    CU_ASSERT_DOUBLE_EQUAL(train(b, w, &batch, second), loss, 0.0);
    CU_ASSERT_EQUAL(memcmp(first, second, md_model_layout(a)->parameters * sizeof *first), 0);
    md_images_destroy(&images);
    free(w);
    free(first);
    free(second);
    md_model_destroy(&a);
    md_model_destroy(&b);
}

static void the_same_batch_gives_the_same_bits(void)
{
    md_for_every_set(check_repeats);
}

static void check_no_samples(const md_kernels *kernels)
{
    md_model_spec spec = usual();
    md_model *model = create(&spec, kernels);
    float *w = block(model), *gradient = block(model);
    md_batch batch = {0};
    size_t correct = 9, not_zero = 0;
    gradient[0] = gradient[100] = NAN;
    CU_ASSERT_PTR_NOT_NULL(md_model_forward(model, w, &batch, &training));
    md_model_loss(model, &batch, &correct);
    md_model_backward(model, w, &batch, gradient);
    CU_ASSERT_EQUAL(correct, 0);
    for (size_t i = 0; i < md_model_layout(model)->parameters; i++)
        not_zero += !(gradient[i] == 0.0f);
    CU_ASSERT_EQUAL(not_zero, 0);
    free(w);
    free(gradient);
    md_model_destroy(&model);
}

static void no_samples_give_a_zero_gradient(void)
{
    md_for_every_set(check_no_samples);
}

static void check_nan(const md_kernels *kernels)
{
    md_model_spec spec = usual();
    md_model *model = create(&spec, kernels);
    const md_layout *layout = md_model_layout(model);
    float *w = block(model);
    md_images images = md_images_create(SAMPLES, PIXELS, CLASSES, 1.0);
    md_batch batch = batch_of(&images, SAMPLES, 1);
    for (int t = 0; t < layout->tensor_count; t++) {
        size_t correct, nans = 0;
        md_model_initialize(model, 5, w);
        w[layout->tensors[t].offset] = NAN;
        md_model_forward(model, w, &batch, &training);
        const float *loss = md_model_loss(model, &batch, &correct);
        for (size_t i = 0; i < SAMPLES; i++)
            nans += isnan(loss[i]) != 0;
        CU_ASSERT_EQUAL(nans, SAMPLES);
    }
    md_images_destroy(&images);
    free(w);
    md_model_destroy(&model);
}

static void nan_in_any_tensor_reaches_every_loss(void)
{
    md_for_every_set(check_nan);
}

static void kernels_start_glorot_uniform_and_biases_zero(void)
{
    md_model_spec spec = usual();
    md_model *model = create(&spec, md_kernels_get());
    const md_layout *layout = md_model_layout(model);
    float *w = block(model);
    md_model_initialize(model, 7, w);
    for (int t = 0; t < layout->tensor_count; t++) {
        const md_tensor *tensor = &layout->tensors[t];
        double sum = 0.0, squares = 0.0, largest = 0.0, count = (double)tensor->count;
        for (size_t i = 0; i < tensor->count; i++) {
            double x = (double)w[tensor->offset + i];
            sum += x;
            squares += x * x;
            largest = fmax(largest, fabs(x));
        }
        double limit = sqrt(6.0 / (double)(tensor->shape[0] + tensor->shape[1]));
        if (tensor->rank == 1)
            limit = 0.0;
        CU_ASSERT(largest <= limit && largest >= 0.9 * limit);
        /* Of a uniform distribution: the mean within 4 standard errors, the variance within 15 %.
         */
        CU_ASSERT(fabs(sum / count) <= 4.0 * limit / sqrt(3.0 * count));
        CU_ASSERT_DOUBLE_EQUAL(squares / count, limit * limit / 3.0, 0.05 * limit * limit);
    }
    free(w);
    md_model_destroy(&model);
}

static void initial_weights_are_a_function_of_the_seed(void)
{
    md_model_spec spec = usual();
    md_model *model = create(&spec, md_kernels_get());
    size_t count = md_model_layout(model)->parameters, second_kernel = PIXELS * 32 + 32;
    float *a = block(model), *b = block(model);
    md_model_initialize(model, 7, a);
    b[3] = b[count - 1] = NAN;
    md_model_initialize(model, 7, b);
    CU_ASSERT_EQUAL(memcmp(a, b, count * sizeof *a), 0);
    CU_ASSERT(a[0] / sqrtf(52.0f) != a[second_kernel] / sqrtf(122.0f));
    md_model_initialize(model, UINT64_C(7) << 32, b);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, count * sizeof *a), 0);
    free(a);
    free(b);
    md_model_destroy(&model);
}

static void rows_are_taken_when_only_flatten_comes_first(void)
{
    const md_layer_spec last = md_dense(CLASSES, MD_SOFTMAX);
    const md_layer_spec flat[] = {md_flatten(), md_flatten(), last}, bare[] = {last};
    const md_layer_spec dropped[] = {md_flatten(), md_dropout(0.1), last};
    const md_layer_spec later[] = {md_dense(4, MD_TANH), md_dropout(0.1), last};
    const struct {
        const md_layer_spec *layers;
        int count, sparse;
    } cases[] = {{flat, 3, 1}, {bare, 1, 1}, {dropped, 3, 0}, {later, 3, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        md_model_spec spec = md_spec(1, PIXELS, cases[i].count, cases[i].layers);
        md_model *model = create(&spec, md_kernels_get());
        CU_ASSERT_EQUAL(md_model_takes_sparse(model), cases[i].sparse);
        md_model_destroy(&model);
    }
}

static void a_model_that_cannot_be_is_refused(void)
{
    const md_layer_spec layers[] = {md_dense(4, MD_RELU)};
    md_model_spec spec = md_spec(1, PIXELS, 1, layers);
    md_model *model = (md_model *)&spec;
    md_error err;
    CU_ASSERT_EQUAL(md_model_create(&spec, SAMPLES, md_kernels_get(), &model, &err), MD_USAGE);
    CU_ASSERT_PTR_NULL(model);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "softmax"));
}

static void probabilities_add_up_to_one(void)
{
    const md_model_spec spec = md_spec(1, 2, 1, (const md_layer_spec[]){md_dense(3, MD_SOFTMAX)});
    float x[] = {1e4f, 0.0f, -1e4f, 0.5f, 0.5f, 0.5f}, p[6];
    md_model_answer(&spec, x, 2, p);
    CU_ASSERT_DOUBLE_EQUAL((double)p[0], 1.0, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL((double)p[2], 0.0, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL((double)p[4], 1.0 / 3.0, 1e-6);
    md_model_answer(&spec, x, 2, x);
    CU_ASSERT_EQUAL(memcmp(x, p, sizeof x), 0);
}

static void inference_counts_as_training_does(void)
{
    md_model_spec spec = usual();
    md_model *model = create(&spec, md_kernels_get());
    float *w = block(model);
    md_images images = md_images_create(SAMPLES, PIXELS, CLASSES, 0.2);
    md_batch batch = batch_of(&images, SAMPLES, 1);
    size_t learning, looking, hits = 0;
    md_model_initialize(model, 3, w);
    md_model_forward(model, w, &batch, &training);
    md_model_loss(model, &batch, &learning);
    const float *logits = md_model_forward(model, w, &batch, &inference);
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t top = 0;
        for (size_t c = 1; c < CLASSES; c++)
            top = logits[i * CLASSES + c] > logits[i * CLASSES + top] ? c : top;
        hits += top == (size_t)images.labels[i];
    }
    md_model_loss(model, &batch, &looking);
    CU_ASSERT_EQUAL(learning, hits);
    CU_ASSERT_EQUAL(looking, hits);
    md_images_destroy(&images);
    free(w);
    md_model_destroy(&model);
}

const char md_suite[] = "nn.model";
CU_TestInfo md_tests[] = {
    {"sparse batches give what dense ones give", sparse_batches_give_what_dense_ones_give},
    {"the same batch gives the same bits", the_same_batch_gives_the_same_bits},
    {"no samples give a zero gradient", no_samples_give_a_zero_gradient},
    {"NaN in any tensor reaches every loss", nan_in_any_tensor_reaches_every_loss},
    {"kernels start Glorot-uniform and biases zero", kernels_start_glorot_uniform_and_biases_zero},
    {"initial weights are a function of the seed", initial_weights_are_a_function_of_the_seed},
    {"rows are taken when only flatten comes first", rows_are_taken_when_only_flatten_comes_first},
    {"a model that cannot be is refused", a_model_that_cannot_be_is_refused},
    {"probabilities add up to one", probabilities_add_up_to_one},
    {"inference counts as training does", inference_counts_as_training_does},
    CU_TEST_INFO_NULL};
