/* An image's logits do not depend on the company it is asked for in, nor on how it is stored. */
#include "mnist_dist/train/infer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/rng.h"
#include "runner.h"
#include "specs.h"

/* A whole block and a part of one. */
enum { ROWS = 20, COLUMNS = 30, FEATURES = ROWS * COLUMNS, IMAGES = 300, CLASSES = 10 };

static uint8_t images[IMAGES * FEATURES];
static int32_t labels[IMAGES];
static float logits[2][IMAGES * CLASSES];

/* A third of the pixels has ink. */
static void draw_images(void)
{
    static float numbers[IMAGES * FEATURES];
    const md_rng_key key = {7, MD_STREAM_INITIALIZER, 0};
    md_rng_uniform(&key, 0, numbers, IMAGES * FEATURES);
    for (size_t i = 0; i < IMAGES * FEATURES; i++)
        images[i] = numbers[i] < 0.33F ? (uint8_t)(numbers[i] * 770) : 0;
}

typedef struct fixture {
    md_model_spec spec;
    void *block;
    md_store store;
    float *parameters;
    md_inference inference;
} fixture;

static fixture set_up(md_storage storage, int units)
{
    const md_samples samples = {.shape = {ROWS, COLUMNS, {0, IMAGES}},
                                .features = {NULL, images},
                                .labels = {NULL, labels}};
    md_store_header plan;
    md_layout layout;
    const md_layer_spec layers[] = {md_flatten(), md_dense(units, MD_RELU),
                                    md_dense(units, MD_RELU), md_dense(CLASSES, MD_SOFTMAX)};
    fixture f = {.spec = md_spec(ROWS, COLUMNS, 4, layers)};
    md_model_spec_layout(&f.spec, &layout);
    draw_images();
    CU_ASSERT_EQUAL_FATAL(md_store_plan(&samples, storage, &plan, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_allocate(&f.block, plan.bytes, 1, "a block", NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(
        md_allocate((void **)&f.parameters, layout.parameters, sizeof(float), "weights", NULL),
        MD_OK);
    md_store_fill(&plan, &samples, f.block);
    f.store = md_store_view(f.block);
    return f;
}

static void start(fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(
        md_inference_open(&f->spec, f->parameters, &f->store, &f->inference, NULL), MD_OK);
    md_model_initialize(f->inference.model, 3, f->parameters);
}

static void tear_down(fixture *f)
{
    md_inference_close(&f->inference);
    free(f->parameters);
    free(f->block);
}

static int same(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * CLASSES * sizeof *a) == 0;
}

/* For each storage and size: all at once against other ways to ask. */
static void for_each_model(void (*check)(fixture *f))
{
    static const int units[] = {20, 300, 600};
    for (md_storage storage = MD_STORAGE_DENSE; storage <= MD_STORAGE_SPARSE; storage++)
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            fixture f = set_up(storage, units[i]);
            start(&f);
            md_infer_range(&f.inference, (md_image_range){MD_SPLIT_TEST, 0, IMAGES}, logits[0]);
            check(&f);
            tear_down(&f);
        }
}

static void ask_in_parts(fixture *f)
{
    static const size_t cuts[] = {0, 1, 8, 20, 131, 293, IMAGES};
    for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
        const md_image_range part = {MD_SPLIT_TEST, cuts[i], cuts[i + 1] - cuts[i]};
        md_infer_range(&f->inference, part, logits[1] + cuts[i] * CLASSES);
    }
    CU_ASSERT(same(logits[0], logits[1], IMAGES));
}

static void an_image_s_logits_do_not_depend_on_its_company(void)
{
    for_each_model(ask_in_parts);
}

static void ask_for_raw_images(fixture *f)
{
    static const size_t counts[] = {1, 16, IMAGES};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const md_samples samples = {.shape = {ROWS, COLUMNS, {0, counts[i]}},
                                    .features = {NULL, images}};
        CU_ASSERT_EQUAL(md_infer_samples(&f->spec, f->parameters, md_store_storage(&f->store),
                                         &samples, logits[1], NULL),
                        MD_OK);
        CU_ASSERT(same(logits[0], logits[1], counts[i]));
    }
}

static void images_outside_of_a_store_give_the_same_bits(void)
{
    for_each_model(ask_for_raw_images);
}

static void blocks_come_with_their_labels(void)
{
    fixture f = set_up(MD_STORAGE_AUTO, 20);
    start(&f);
    int32_t *stored = (int32_t *)md_store_labels(&f.store, MD_SPLIT_TEST);
    stored[257] = 5;
    CU_ASSERT_EQUAL(md_infer_block(&f.inference, (md_image_range){MD_SPLIT_TEST, 255, 1}).labels[0],
                    0);
    CU_ASSERT_EQUAL(
        md_infer_block(&f.inference, (md_image_range){MD_SPLIT_TEST, 257, 43}).labels[0], 5);
    tear_down(&f);
}

static void storages_answer_alike(void)
{
    static const int units[] = {20, 600};
    for (size_t i = 0; i < 2; i++) {
        for (int s = 0; s < 2; s++) {
            fixture f = set_up(s ? MD_STORAGE_SPARSE : MD_STORAGE_DENSE, units[i]);
            start(&f);
            md_infer_range(&f.inference, (md_image_range){MD_SPLIT_TEST, 0, IMAGES}, logits[s]);
            tear_down(&f);
        }
        for (size_t k = 0; k < IMAGES * CLASSES; k++)
            CU_ASSERT_EQUAL(logits[0][k], logits[1][k]);
    }
}

static void expect_cut(md_image_range range, size_t k, size_t begin, size_t count)
{
    const md_image_range part = md_infer_cut(range, k);
    CU_ASSERT_EQUAL(part.count, count);
    CU_ASSERT(count == 0 || part.begin == begin);
}

static void ranges_are_cut_at_whole_blocks(void)
{
    const md_image_range range = {MD_SPLIT_TEST, 200, 400}, none = {MD_SPLIT_TEST, 200, 0};
    expect_cut(range, 0, 200, 56);
    expect_cut(range, 1, 256, 256);
    expect_cut(range, 2, 512, 88);
    expect_cut(range, 3, 0, 0);
    expect_cut(none, 0, 0, 0);
}

static void the_first_of_the_largest_is_the_answer(void)
{
    md_model_spec spec = md_spec(1, 2, 1, (const md_layer_spec[]){md_dense(4, MD_SOFTMAX)});
    CU_ASSERT_EQUAL(md_infer_class(&spec, (const float[]){-2, -1, -3, -1}), 1);
    spec = md_spec(1, 2, 1, (const md_layer_spec[]){md_dense(1, MD_SIGMOID)});
    CU_ASSERT_EQUAL(md_infer_class(&spec, (const float[]){0}), 0);
    CU_ASSERT_EQUAL(md_infer_class(&spec, (const float[]){1e-9f}), 1);
}

static void data_of_another_shape_is_refused(void)
{
    fixture f = set_up(MD_STORAGE_AUTO, 20);
    md_error err;
    f.spec.rows = 5;
    CU_ASSERT_EQUAL(md_inference_open(&f.spec, f.parameters, &f.store, &f.inference, &err),
                    MD_BAD_DATA);
    tear_down(&f);
}

const char md_suite[] = "train.infer";
CU_TestInfo md_tests[] = {
    {"an image's logits do not depend on its company",
     an_image_s_logits_do_not_depend_on_its_company},
    {"images outside of a store give the same bits", images_outside_of_a_store_give_the_same_bits},
    {"blocks come with their labels", blocks_come_with_their_labels},
    {"storages answer alike", storages_answer_alike},
    {"ranges are cut at whole blocks", ranges_are_cut_at_whole_blocks},
    {"the first of the largest is the answer", the_first_of_the_largest_is_the_answer},
    {"data of another shape is refused", data_of_another_shape_is_refused},
    CU_TEST_INFO_NULL};
