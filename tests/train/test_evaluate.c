/* Evaluation, judged by one rank alone and by a network computed here in double precision. */
#include "mnist_dist/train/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/train/dataset.h"
#include "runner.h"
#include "specs.h"

enum { FEATURES = 28 * 28, HIDDEN = 12, CLASSES = 10, TRAIN = 1500 };

typedef struct bench {
    md_comm *comm;
    md_dataset *dataset;
    md_inference inference;
    float *parameters;
} bench;

static md_model_spec make_spec(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(HIDDEN, MD_RELU), md_dropout(0.5),
                                    md_dense(CLASSES, MD_SOFTMAX)};
    return md_spec(28, 28, 4, layers);
}

static bench set_up(MPI_Comm ranks, md_storage storage)
{
    const md_dataset_params params = {
        .source = "synthetic:1500", .validation = "test", .storage = storage};
    const md_model_spec spec = make_spec();
    md_layout layout;
    bench b = {0};
    md_model_spec_layout(&spec, &layout);
    CU_ASSERT_EQUAL_FATAL(md_comm_create(ranks, 0, &b.comm, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_dataset_create(b.comm, &params, &b.dataset, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(
        md_allocate((void **)&b.parameters, layout.parameters, sizeof(float), "parameters", NULL),
        MD_OK);
    CU_ASSERT_EQUAL_FATAL(
        md_inference_open(&spec, b.parameters, md_dataset_store(b.dataset), &b.inference, NULL),
        MD_OK);
    md_model_initialize(b.inference.model, 3, b.parameters);
    return b;
}

static void tear_down(bench *b)
{
    md_inference_close(&b->inference);
    free(b->parameters);
    md_dataset_destroy(&b->dataset);
    md_comm_destroy(&b->comm);
}

static md_evaluation evaluate(const bench *b, md_image_range range, int with_confusion)
{
    md_evaluation result;
    CU_ASSERT_EQUAL_FATAL(md_evaluate(b->comm, &b->inference, range, with_confusion, &result, NULL),
                          MD_OK);
    return result;
}

static void expect_equal(const md_evaluation *a, const md_evaluation *b)
{
    CU_ASSERT_EQUAL(a->images, b->images);
    CU_ASSERT_EQUAL(a->correct, b->correct);
    CU_ASSERT_EQUAL(memcmp(&a->loss, &b->loss, sizeof a->loss), 0);
    CU_ASSERT_EQUAL(memcmp(&a->accuracy, &b->accuracy, sizeof a->accuracy), 0);
}

/* Whole, with a short last block, less than a block, and fewer blocks than ranks. */
static const md_image_range ranges[] = {{MD_SPLIT_TRAIN, 0, TRAIN},
                                        {MD_SPLIT_TRAIN, 37, 1024},
                                        {MD_SPLIT_TEST, 0, 250},
                                        {MD_SPLIT_TRAIN, TRAIN - 1, 1}};
enum { RANGES = sizeof ranges / sizeof *ranges };

static void any_number_of_ranks_gives_the_same_bits(void)
{
    static const md_storage storages[] = {MD_STORAGE_DENSE, MD_STORAGE_SPARSE};
    for (int s = 0; s < 2; s++) {
        bench all = set_up(MPI_COMM_WORLD, storages[s]), alone = set_up(MPI_COMM_SELF, storages[s]);
        for (size_t i = 0; i < RANGES; i++) {
            md_evaluation a = evaluate(&all, ranges[i], 1), b = evaluate(&alone, ranges[i], 1);
            expect_equal(&a, &b);
            CU_ASSERT_EQUAL(
                memcmp(a.confusion.counts, b.confusion.counts, CLASSES * CLASSES * sizeof(int64_t)),
                0);
            md_evaluation_clear(&a);
            md_evaluation_clear(&b);
        }
        tear_down(&all);
        tear_down(&alone);
    }
}

static void dense_layer(const double *x, size_t in, const float *w, size_t out, double *y)
{
    for (size_t j = 0; j < out; j++) {
        y[j] = w[in * out + j];
        for (size_t i = 0; i < in; i++)
            y[j] += x[i] * w[i * out + j];
    }
}

/* Logits of one image: Keras' arithmetic, no dropout. */
static void naive_logits(const bench *b, md_split split, size_t image, double logits[CLASSES])
{
    uint8_t pixels[FEATURES];
    double x[FEATURES], hidden[HIDDEN];
    md_store_image(md_dataset_store(b->dataset), split, image, pixels);
    for (size_t i = 0; i < FEATURES; i++)
        x[i] = pixels[i] / 255.0;
    dense_layer(x, FEATURES, b->parameters, HIDDEN, hidden);
    for (size_t j = 0; j < HIDDEN; j++)
        hidden[j] = fmax(hidden[j], 0.0);
    dense_layer(hidden, HIDDEN, b->parameters + (FEATURES + 1) * HIDDEN, CLASSES, logits);
}

static double naive_loss(const double logits[CLASSES], int label, int *predicted)
{
    double sum = 0.0;
    *predicted = 0;
    for (int c = 0; c < CLASSES; c++) {
        sum += exp(logits[c]);
        if (logits[c] > logits[*predicted])
            *predicted = c;
    }
    return log(sum) - logits[label];
}

static void the_numbers_are_those_of_a_plain_computation(void)
{
    bench b = set_up(MPI_COMM_WORLD, MD_STORAGE_AUTO);
    md_image_range range = ranges[1];
    const int32_t *labels = md_store_labels(md_dataset_store(b.dataset), range.split);
    int64_t confusion[CLASSES][CLASSES] = {{0}};
    double loss = 0.0;
    for (size_t i = range.begin; i < range.begin + range.count; i++) {
        double logits[CLASSES];
        int predicted;
        naive_logits(&b, range.split, i, logits);
        loss += naive_loss(logits, labels[i], &predicted);
        confusion[labels[i]][predicted]++;
    }
    md_evaluation result = evaluate(&b, range, 1);
    CU_ASSERT_DOUBLE_EQUAL(result.loss, loss / (double)range.count, 1e-6);
    CU_ASSERT_EQUAL(result.images, (int64_t)range.count);
    CU_ASSERT_EQUAL(result.confusion.classes, CLASSES);
    CU_ASSERT_EQUAL(memcmp(result.confusion.counts, confusion, sizeof confusion), 0);
    int64_t correct = 0;
    for (int c = 0; c < CLASSES; c++)
        correct += confusion[c][c];
    CU_ASSERT_EQUAL(result.correct, correct);
    CU_ASSERT_DOUBLE_EQUAL(result.accuracy, (double)correct / (double)range.count, 0);
    md_evaluation_clear(&result);
    CU_ASSERT_PTR_NULL(result.confusion.counts);
    tear_down(&b);
}

static void targets_that_are_all_equal_have_a_score(void)
{
    CU_ASSERT_DOUBLE_EQUAL(md_evaluate_r2(1.0, 4.0), 0.75, 0);
    CU_ASSERT_DOUBLE_EQUAL(md_evaluate_r2(8.0, 4.0), -1.0, 0);
    CU_ASSERT_DOUBLE_EQUAL(md_evaluate_r2(1.0, 0.0), 0.0, 0);
    CU_ASSERT_DOUBLE_EQUAL(md_evaluate_r2(1e300, 1e-300), 0.0, 0);
    CU_ASSERT_DOUBLE_EQUAL(md_evaluate_r2(0.0, 0.0), 1.0, 0);
}

static void no_images_have_no_mean(void)
{
    bench b = set_up(MPI_COMM_WORLD, MD_STORAGE_AUTO);
    md_evaluation result = evaluate(&b, (md_image_range){MD_SPLIT_TEST, 0, 0}, 0);
    CU_ASSERT(isnan(result.loss) && isnan(result.accuracy));
    CU_ASSERT_EQUAL(result.images, 0);
    CU_ASSERT_PTR_NULL(result.confusion.counts);
    tear_down(&b);
}

static void a_loss_that_is_no_number_is_an_error_everywhere(void)
{
    static const float bad[] = {NAN, INFINITY, 1e30f};
    bench b = set_up(MPI_COMM_WORLD, MD_STORAGE_AUTO);
    const md_image_range one = ranges[3];
    const size_t label = (size_t)md_store_labels(md_dataset_store(b.dataset), one.split)[one.begin];
    size_t wrong_bias =
        md_model_layout(b.inference.model)->parameters - CLASSES + (label + 1) % CLASSES;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        md_evaluation result;
        md_error err = {0};
        b.parameters[wrong_bias] = bad[i];
        md_status status = md_evaluate(b.comm, &b.inference, one, 1, &result, &err);
        CU_ASSERT_EQUAL(status, MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "loss is not finite"));
        CU_ASSERT_PTR_NULL(result.confusion.counts);
    }
    tear_down(&b);
}

const char md_suite[] = "train.evaluate";
CU_TestInfo md_tests[] = {
    {"any number of ranks gives the same bits", any_number_of_ranks_gives_the_same_bits},
    {"the numbers are those of a plain computation", the_numbers_are_those_of_a_plain_computation},
    {"targets that are all equal have a score", targets_that_are_all_equal_have_a_score},
    {"no images have no mean", no_images_have_no_mean},
    {"a loss that is no number is an error everywhere",
     a_loss_that_is_no_number_is_an_error_everywhere},
    CU_TEST_INFO_NULL};
