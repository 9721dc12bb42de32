#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_fixtures.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "runner.h"

static int same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_state(const md_checkpoint *a, const md_checkpoint *b)
{
    CU_ASSERT_EQUAL(a->optimizer.kind, b->optimizer.kind);
    CU_ASSERT(same_double(a->optimizer.learning_rate, b->optimizer.learning_rate));
    CU_ASSERT(same_double(a->optimizer.beta_1, b->optimizer.beta_1));
    CU_ASSERT(same_double(a->optimizer.beta_2, b->optimizer.beta_2));
    CU_ASSERT(same_double(a->optimizer.epsilon, b->optimizer.epsilon));
    CU_ASSERT(same_double(a->optimizer.momentum, b->optimizer.momentum));
    CU_ASSERT(same_double(a->optimizer.weight_decay, b->optimizer.weight_decay));
    CU_ASSERT_EQUAL(a->at.iterations, b->at.iterations);
    CU_ASSERT_EQUAL(a->seed, b->seed);
    CU_ASSERT_EQUAL(a->at.epoch, b->at.epoch);
    CU_ASSERT_EQUAL(a->at.step, b->at.step);
    CU_ASSERT_EQUAL(a->at.step_in_epoch, b->at.step_in_epoch);
    CU_ASSERT(same_double(a->best, b->best));
    CU_ASSERT_EQUAL(a->best_epoch, b->best_epoch);
    CU_ASSERT_EQUAL(a->at.loss.piece[MD_FIXED_Q32], b->at.loss.piece[MD_FIXED_Q32]);
    CU_ASSERT_EQUAL(a->at.metric.piece[MD_FIXED_ONE], b->at.metric.piece[MD_FIXED_ONE]);
    CU_ASSERT_EQUAL(a->at.samples, b->at.samples);
    CU_ASSERT_EQUAL(a->complete, b->complete);
    CU_ASSERT_EQUAL(a->weights_xxh3, b->weights_xxh3);
    CU_ASSERT_EQUAL(a->state_xxh3, b->state_xxh3);
}

static void check_model(const md_checkpoint *a, const md_checkpoint *b)
{
    CU_ASSERT_EQUAL(a->model.rows, b->model.rows);
    CU_ASSERT_EQUAL(a->model.columns, b->model.columns);
    CU_ASSERT(md_model_spec_equal(&a->model, &b->model));
    for (int i = 0; i < a->model.layer_count; i++)
        CU_ASSERT_STRING_EQUAL(a->model.layers[i].name, b->model.layers[i].name);
    md_layout layout;
    md_model_spec_layout(&a->model, &layout);
    size_t bytes = layout.parameters * sizeof(float);
    CU_ASSERT_EQUAL(memcmp(a->parameters, b->parameters, bytes), 0);
    CU_ASSERT_EQUAL_FATAL(a->moment_count, b->moment_count);
    for (int i = 0; i < a->moment_count; i++)
        CU_ASSERT_EQUAL(memcmp(a->moments[i], b->moments[i], bytes), 0);
}

/* The rows have no padding, so their bytes are their values, NaN included. */
static void check_tables(const md_checkpoint *a, const md_checkpoint *b)
{
    CU_ASSERT_EQUAL_FATAL(a->history_count, b->history_count);
    CU_ASSERT_EQUAL_FATAL(a->chain_count, b->chain_count);
    CU_ASSERT_EQUAL_FATAL(a->ledger_count, b->ledger_count);
    if (a->history_count == 0)
        return;
    CU_ASSERT_EQUAL(memcmp(a->history, b->history, a->history_count * sizeof *a->history), 0);
    CU_ASSERT_EQUAL(memcmp(a->chain, b->chain, a->chain_count * sizeof *a->chain), 0);
    CU_ASSERT_EQUAL(memcmp(a->ledger, b->ledger, a->ledger_count * sizeof *a->ledger), 0);
}

static void check_runs(const md_checkpoint *a, const md_checkpoint *b)
{
    CU_ASSERT_EQUAL_FATAL(a->run_count, b->run_count);
    for (size_t i = 0; i < a->run_count; i++) {
        const md_run_record *x = &a->runs[i], *y = &b->runs[i];
        CU_ASSERT_STRING_EQUAL(x->config, y->config);
        CU_ASSERT_STRING_EQUAL(x->command_line, y->command_line);
        CU_ASSERT_STRING_EQUAL(x->hosts, y->hosts);
        CU_ASSERT_STRING_EQUAL(x->reducer, y->reducer);
        CU_ASSERT_STRING_EQUAL(x->kernels, y->kernels);
        CU_ASSERT_STRING_EQUAL(x->storage, y->storage);
        CU_ASSERT_STRING_EQUAL(x->version, y->version);
        CU_ASSERT_STRING_EQUAL(x->version_mpi, y->version_mpi);
        CU_ASSERT_STRING_EQUAL(x->version_hdf5, y->version_hdf5);
        CU_ASSERT_STRING_EQUAL(x->version_blas, y->version_blas);
        CU_ASSERT_STRING_EQUAL(x->data_sha256, y->data_sha256);
        CU_ASSERT_STRING_EQUAL(x->started, y->started);
        CU_ASSERT_STRING_EQUAL(x->saved, y->saved);
        CU_ASSERT(x->ranks == y->ranks && x->nodes == y->nodes && x->exponent == y->exponent);
    }
}

static void check_golden(const md_checkpoint *a, const md_checkpoint *b)
{
    size_t n = a->golden.count, pixels = (size_t)a->model.rows * (size_t)a->model.columns;
    size_t classes = (size_t)md_model_spec_outputs(&a->model);
    CU_ASSERT_EQUAL_FATAL(n, b->golden.count);
    if (n == 0)
        return;
    CU_ASSERT_EQUAL(memcmp(a->golden.images, b->golden.images, n * pixels), 0);
    CU_ASSERT_EQUAL(memcmp(a->golden.labels, b->golden.labels, n * sizeof *a->golden.labels), 0);
    CU_ASSERT_EQUAL(memcmp(a->golden.logits, b->golden.logits, n * classes * sizeof(float)), 0);
}

/* Writes c, reads it back, compares, and destroys both. */
static void check_round_trip(md_checkpoint *c)
{
    char folder[TEST_PATH], path[TEST_PATH];
    test_folder(folder);
    test_path(folder, "a.h5", path);
    md_error err = {0};
    md_checkpoint *back = NULL;
    CU_ASSERT_EQUAL(md_checkpoint_write(path, c, &err), MD_OK);
    CU_ASSERT_EQUAL(fixture_open_ids(), 0);
    CU_ASSERT_EQUAL(md_checkpoint_read(path, &back, &err), MD_OK);
    CU_ASSERT_EQUAL(fixture_open_ids(), 0);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(back);
    check_state(c, back);
    check_model(c, back);
    check_tables(c, back);
    check_runs(c, back);
    check_golden(c, back);
    md_checkpoint_destroy(&c);
    md_checkpoint_destroy(&back);
    test_folder_remove(folder);
}

static void everything_comes_back(void)
{
    md_model_spec model = md_notebook();
    check_round_trip(fixture_checkpoint(&model, 40));
}

static void a_run_before_its_first_epoch_comes_back(void)
{
    md_model_spec model = fixture_small_model();
    check_round_trip(fixture_checkpoint(&model, 0));
}

static void missing_validation_comes_back_as_nan(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 3);
    for (size_t i = 0; i < c->history_count; i++)
        c->history[i].val_loss = c->history[i].val_accuracy = NAN;
    c->best_epoch = 0;
    c->best = NAN;
    check_round_trip(c);
}

static void a_run_without_golden_batch_or_records_comes_back(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c;
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_create(&model, 0, &c, NULL), MD_OK);
    check_round_trip(c);
}

static void sgd_and_adamw_come_back(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 1);
    c->optimizer.kind = MD_OPTIMIZER_ADAMW;
    c->optimizer.weight_decay = 0.004;
    check_round_trip(c);
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_create(&model, 1, &c, NULL), MD_OK);
    c->optimizer.kind = MD_OPTIMIZER_SGD;
    c->optimizer.momentum = 0.9;
    c->moments[0][1] = -0.0f;
    check_round_trip(c);
}

static void a_model_without_flatten_keeps_its_image_shape(void)
{
    md_model_spec model = {
        .rows = 4,
        .columns = 3,
        .layer_count = 2,
        .layers = {
            {.kind = MD_LAYER_DROPOUT, .name = "image", .rate = 1.0 / 3.0},
            {.kind = MD_LAYER_DENSE, .name = "a.b-c", .units = 2, .activation = MD_SOFTMAX}}};
    check_round_trip(fixture_checkpoint(&model, 2));
}

static void equal_runs_give_equal_bytes(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 2);
    md_bytes a, b;
    CU_ASSERT_EQUAL(md_checkpoint_encode(c, "a", &a, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_checkpoint_encode(c, "b", &b, NULL), MD_OK);
    CU_ASSERT(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    md_bytes_free(&a);
    md_bytes_free(&b);
    md_checkpoint_destroy(&c);
}

static void borrowed_blocks_are_saved_and_left_alone(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *owner = fixture_checkpoint(&model, 2), *c = fixture_checkpoint(&model, 2);
    owner->parameters[3] = 17.0f;
    owner->moments[1][2] = 18.0f;
    md_checkpoint_borrow(c, owner->parameters, owner->moments);
    md_checkpoint_borrow(c, owner->parameters, owner->moments);
    md_bytes a, b;
    CU_ASSERT_EQUAL(md_checkpoint_encode(owner, "a", &a, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_checkpoint_encode(c, "b", &b, NULL), MD_OK);
    CU_ASSERT(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_own(c, NULL), MD_OK);
    CU_ASSERT(c->parameters != owner->parameters && c->moments[1] != owner->moments[1]);
    check_model(owner, c);
    md_checkpoint_destroy(&owner);
    CU_ASSERT(c->parameters[3] == 17.0f && c->moments[1][2] == 18.0f);
    md_checkpoint_destroy(&c);
    md_bytes_free(&a);
    md_bytes_free(&b);
}

static void numbers_that_cannot_be_are_not_written(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 2);
    md_bytes bytes;
    md_error err = {0};
    c->at.metric.piece[MD_FIXED_ONE] = c->at.samples + 1;
    CU_ASSERT_EQUAL(md_checkpoint_encode(c, "a.h5", &bytes, &err), MD_FAILED);
    CU_ASSERT_PTR_NULL(bytes.data);
    CU_ASSERT_STRING_EQUAL(err.text,
                           "'a.h5' is not saved: /progress@correct is 225, which cannot be");
    md_checkpoint_destroy(&c);
}

static void rows_beyond_the_checkpoint_are_cut(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 5);
    c->at.epoch = 3;
    c->at.step = 320;
    md_checkpoint_cut_back(c);
    CU_ASSERT_EQUAL(c->history_count, 3);
    CU_ASSERT_EQUAL(c->chain_count, 3);
    CU_ASSERT_EQUAL(c->ledger_count, 6);
    md_checkpoint_destroy(&c);
}

static void long_texts_are_cut_but_not_the_configuration(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 1);
    md_error err = {0};
    md_run_record record = {.hosts = malloc(100001), .config = malloc(100001)};
    memset(record.hosts, 'h', 100000);
    memset(record.config, 'c', 100000);
    record.hosts[100000] = record.config[100000] = '\0';
    CU_ASSERT_EQUAL(md_checkpoint_add_run(c, &record, &err), MD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "configuration is 100000 bytes"));
    CU_ASSERT_PTR_NULL(record.hosts);
    record = (md_run_record){.hosts = malloc(100001)};
    memset(record.hosts, 'h', 100000);
    record.hosts[100000] = '\0';
    CU_ASSERT_EQUAL(md_checkpoint_add_run(c, &record, &err), MD_OK);
    CU_ASSERT_EQUAL(strlen(c->runs[2].hosts), 60000);
    CU_ASSERT_STRING_EQUAL(c->runs[2].hosts + 59997, "...");
    check_round_trip(c);
}

static void what_cannot_be_written_says_so(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 1);
    md_error err = {0};
    CU_ASSERT_EQUAL(md_checkpoint_write("/nonexistent/a.h5", c, &err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent/a.h5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file or directory"));
    c->optimizer.kind = MD_OPTIMIZER_COUNT;
    CU_ASSERT_EQUAL(md_checkpoint_write("/nonexistent/a.h5", c, &err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no optimizer number"));
    CU_ASSERT_EQUAL(fixture_open_ids(), 0);
    md_checkpoint_destroy(&c);
}

const char md_suite[] = "checkpoint.roundtrip";
CU_TestInfo md_tests[] = {
    {"everything comes back", everything_comes_back},
    {"a run before its first epoch comes back", a_run_before_its_first_epoch_comes_back},
    {"missing validation comes back as NaN", missing_validation_comes_back_as_nan},
    {"a run without golden batch or records comes back",
     a_run_without_golden_batch_or_records_comes_back},
    {"SGD and AdamW come back", sgd_and_adamw_come_back},
    {"a model without Flatten keeps its image shape",
     a_model_without_flatten_keeps_its_image_shape},
    {"equal runs give equal bytes", equal_runs_give_equal_bytes},
    {"borrowed blocks are saved and left alone", borrowed_blocks_are_saved_and_left_alone},
    {"numbers that cannot be are not written", numbers_that_cannot_be_are_not_written},
    {"rows beyond the checkpoint are cut", rows_beyond_the_checkpoint_are_cut},
    {"long texts are cut, but not the configuration", long_texts_are_cut_but_not_the_configuration},
    {"what cannot be written says so", what_cannot_be_written_says_so},
    CU_TEST_INFO_NULL};
