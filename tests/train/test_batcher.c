#include "mnist_dist/train/batcher.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "runner.h"
#include "specs.h"

/* Four training images and one test image of 2 x 3 pixels. */
static uint8_t train_images[] = {0, 0, 255, 0, 51, 0, 1, 2, 3, 4,   5, 6,
                                 0, 0, 0,   0, 0,  0, 9, 0, 0, 102, 0, 0};
static int32_t train_labels[] = {2, 0, 1, 2};
static uint8_t test_images[] = {0, 204, 0, 0, 0, 0};
static int32_t test_labels[] = {1};
enum { FEATURES = 6, MOST = 4 };

static void *block_of(const md_samples *samples, md_storage storage)
{
    md_store_header plan;
    void *block;
    CU_ASSERT_EQUAL_FATAL(md_store_plan(samples, storage, &plan, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_allocate(&block, plan.bytes, 1, "a block", NULL), MD_OK);
    md_store_fill(&plan, samples, block);
    return block;
}

static void *make_block(md_storage storage)
{
    const md_samples samples = {.shape = {2, 3, {4, 1}},
                                .features = {train_images, test_images},
                                .labels = {train_labels, test_labels}};
    return block_of(&samples, storage);
}

static md_model *make_model(int rows, int columns, int classes, double input_dropout)
{
    const md_layer_spec first = input_dropout > 0.0 ? md_dropout(input_dropout) : md_flatten();
    const md_layer_spec layers[] = {md_flatten(), first, md_dense(classes, MD_SOFTMAX)};
    const md_model_spec spec = md_spec(rows, columns, 3, layers);
    md_model *model;
    CU_ASSERT_EQUAL_FATAL(md_model_create(&spec, MOST, md_kernels_get(), &model, NULL), MD_OK);
    return model;
}

typedef struct fixture {
    void *block;
    md_store store;
    md_model *model;
    md_batcher *batcher;
} fixture;

static fixture set_up(md_storage storage, double input_dropout)
{
    fixture f = {.block = make_block(storage), .model = make_model(2, 3, 3, input_dropout)};
    f.store = md_store_view(f.block);
    return f;
}

static void start(fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(
        md_batcher_create(&f->store, f->model, md_kernels_get(), MOST, &f->batcher, NULL), MD_OK);
}

static void tear_down(fixture *f)
{
    md_batcher_destroy(&f->batcher);
    CU_ASSERT_PTR_NULL(f->batcher);
    md_model_destroy(&f->model);
    free(f->block);
}

static void expect_floats(const md_batch *batch, size_t position, const uint8_t *image)
{
    for (size_t i = 0; i < FEATURES; i++)
        CU_ASSERT_DOUBLE_EQUAL(batch->pixels[position * FEATURES + i], image[i] / 255.0, 1e-7);
}

static void expect_row(const md_batch *batch, size_t position, const uint8_t *image)
{
    uint8_t seen[FEATURES] = {0};
    const md_sparse_row *row = &batch->rows[position];
    for (uint32_t k = 0; k < row->count; k++)
        seen[row->index[k]] = row->value[k];
    CU_ASSERT_EQUAL(memcmp(seen, image, FEATURES), 0);
}

static const uint32_t some_ids[] = {3, 0, 3};

static void expect_some(const md_batch *batch)
{
    CU_ASSERT_EQUAL(batch->samples, 3);
    CU_ASSERT_PTR_EQUAL(batch->ids, some_ids);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(batch->labels[i], train_labels[some_ids[i]]);
}

static void sparse_images_go_to_the_model_as_rows(void)
{
    fixture f = set_up(MD_STORAGE_SPARSE, 0.0);
    start(&f);
    const md_batch *batch = md_batcher_gather(f.batcher, MD_SPLIT_TRAIN, some_ids, 3);
    expect_some(batch);
    CU_ASSERT_PTR_NULL(batch->pixels);
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch->rows);
    for (size_t i = 0; i < 3; i++)
        expect_row(batch, i, train_images + some_ids[i] * FEATURES);
    tear_down(&f);
}

static void expect_gathered_floats(md_storage storage, double input_dropout)
{
    fixture f = set_up(storage, input_dropout);
    start(&f);
    const md_batch *batch = md_batcher_gather(f.batcher, MD_SPLIT_TRAIN, some_ids, 3);
    expect_some(batch);
    CU_ASSERT_PTR_NULL(batch->rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch->pixels);
    for (size_t i = 0; i < 3; i++)
        expect_floats(batch, i, train_images + some_ids[i] * FEATURES);
    tear_down(&f);
}

static void dense_images_go_as_floats(void)
{
    expect_gathered_floats(MD_STORAGE_DENSE, 0.0);
}

static void a_model_that_changes_its_input_gets_floats(void)
{
    expect_gathered_floats(MD_STORAGE_SPARSE, 0.5);
}

static void ranges_are_taken_in_order(void)
{
    for (md_storage storage = MD_STORAGE_DENSE; storage <= MD_STORAGE_SPARSE; storage++) {
        fixture f = set_up(storage, 0.0);
        start(&f);
        md_batcher_take(f.batcher, (md_image_range){MD_SPLIT_TRAIN, 0, MOST});
        const md_batch *batch = md_batcher_take(f.batcher, (md_image_range){MD_SPLIT_TRAIN, 2, 2});
        CU_ASSERT_EQUAL(batch->samples, 2);
        for (size_t i = 0; i < 2; i++) {
            CU_ASSERT_EQUAL(batch->labels[i], train_labels[i + 2]);
            if (batch->rows)
                expect_row(batch, i, train_images + (i + 2) * FEATURES);
            else
                expect_floats(batch, i, train_images + (i + 2) * FEATURES);
        }
        batch = md_batcher_take(f.batcher, (md_image_range){MD_SPLIT_TEST, 0, 1});
        CU_ASSERT_EQUAL(batch->labels[0], 1);
        tear_down(&f);
    }
}

/* Two numbers to learn of each of two samples of three features. */
static float measured[] = {-1.5f, 0.25f, 600.0f, 2.5f, 0.75f, 200.0f};
static float answers[] = {1.0f, -2.0f, 3.0f, -4.0f};
static float means[] = {0.5f, 0.5f, 400.0f}, variances[] = {4.0f, 0.0625f, 10000.0f};

static const md_batch *gather_measured(fixture *f, md_scale scale)
{
    static const uint32_t ids[] = {1, 0};
    const md_samples samples = {.shape = {1, 3, {2, 0}},
                                .element = MD_ELEMENT_F32,
                                .targets = 2,
                                .scale = scale,
                                .features = {measured},
                                .values = {answers}};
    f->block = block_of(&samples, MD_STORAGE_AUTO);
    f->store = md_store_view(f->block);
    f->model = make_model(1, 3, 2, 0.0);
    start(f);
    return md_batcher_gather(f->batcher, MD_SPLIT_TRAIN, ids, 2);
}

static void floats_go_scaled_and_with_their_targets(void)
{
    const struct {
        md_scale scale;
        float expected[6];
    } rows[] = {
        {{.kind = MD_SCALE_NONE}, {2.5f, 0.75f, 200.0f, -1.5f, 0.25f, 600.0f}},
        {{.kind = MD_SCALE_UNIT},
         {2.5f / 255, 0.75f / 255, 200.0f / 255, -1.5f / 255, 0.25f / 255, 600.0f / 255}},
        {{.kind = MD_SCALE_STANDARDIZE, .features = 3, .mean = means, .variance = variances},
         {1, 1, -2, -1, -1, 2}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture f = {0};
        const md_batch *batch = gather_measured(&f, rows[i].scale);
        CU_ASSERT_PTR_NULL(batch->rows);
        CU_ASSERT_PTR_NULL(batch->labels);
        for (size_t k = 0; k < 6; k++)
            CU_ASSERT_EQUAL(batch->pixels[k], rows[i].expected[k]);
        CU_ASSERT(batch->targets[0] == 3.0f && batch->targets[3] == -2.0f);
        const md_batch part = md_batcher_part(f.batcher, batch, (md_range){1, 1});
        CU_ASSERT(part.targets[0] == 1.0f && part.pixels[2] == rows[i].expected[5]);
        tear_down(&f);
    }
}

static void bytes_go_by_another_scale_too(void)
{
    const md_samples samples = {.shape = {2, 3, {4, 1}},
                                .scale = {.kind = MD_SCALE_NONE},
                                .features = {train_images, test_images},
                                .labels = {train_labels, test_labels}};
    fixture f = {.block = block_of(&samples, MD_STORAGE_AUTO), .model = make_model(2, 3, 3, 0.0)};
    f.store = md_store_view(f.block);
    start(&f);
    const md_batch *batch = md_batcher_gather(f.batcher, MD_SPLIT_TRAIN, some_ids, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch->pixels);
    for (size_t i = 0; i < 3 * FEATURES; i++)
        CU_ASSERT_EQUAL(batch->pixels[i],
                        train_images[some_ids[i / FEATURES] * FEATURES + i % FEATURES]);
    tear_down(&f);
}

static void expect_misfit(fixture *f, const char *words)
{
    md_error err = {0};
    CU_ASSERT_EQUAL(
        md_batcher_create(&f->store, f->model, md_kernels_get(), MOST, &f->batcher, &err),
        MD_BAD_DATA);
    CU_ASSERT_PTR_NULL(f->batcher);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, words));
    tear_down(f);
}

static void data_of_another_shape_is_refused(void)
{
    fixture f = {.block = make_block(MD_STORAGE_DENSE), .model = make_model(2, 4, 3, 0.0)};
    f.store = md_store_view(f.block);
    expect_misfit(&f, "2 x 3 pixels, but the model takes 8 values");
}

static void labels_beyond_the_model_are_refused(void)
{
    fixture f = {.block = make_block(MD_STORAGE_DENSE), .model = make_model(2, 3, 2, 0.0)};
    f.store = md_store_view(f.block);
    expect_misfit(&f, "labels go up to 2, but the model has 2 classes");
}

const char md_suite[] = "train.batcher";
CU_TestInfo md_tests[] = {
    {"sparse images go to the model as rows", sparse_images_go_to_the_model_as_rows},
    {"dense images go as floats", dense_images_go_as_floats},
    {"a model that changes its input gets floats", a_model_that_changes_its_input_gets_floats},
    {"ranges are taken in order", ranges_are_taken_in_order},
    {"floats go scaled and with their targets", floats_go_scaled_and_with_their_targets},
    {"bytes go by another scale too", bytes_go_by_another_scale_too},
    {"data of another shape is refused", data_of_another_shape_is_refused},
    {"labels beyond the model are refused", labels_beyond_the_model_are_refused},
    CU_TEST_INFO_NULL};
