/* Files that earlier versions of the program wrote are read for ever. */
#include <stdio.h>
#include <string.h>

#include "checkpoint_fixtures.h"
#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "runner.h"

static md_checkpoint *read_stored(const char *name)
{
    char path[TEST_PATH];
    md_checkpoint *c = NULL;
    md_error err = {0};
    md_status status = md_checkpoint_read(test_path(MD_STORED, name, path), &c, &err);
    if (status)
        printf("%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, MD_OK);
    CU_ASSERT_EQUAL(fixture_open_ids(), 0);
    return c;
}

static void check_digests(const md_checkpoint *c, uint64_t weights, uint64_t state)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    CU_ASSERT_EQUAL(c->weights_xxh3, weights);
    CU_ASSERT_EQUAL(c->state_xxh3, state);
    CU_ASSERT_EQUAL(md_digest_floats(c->parameters, layout.parameters), weights);
}

/* What is saved of it now holds as much. */
static void check_saved_again(md_checkpoint *c)
{
    md_bytes bytes;
    md_checkpoint *back;
    const int64_t loss = c->at.loss.piece[MD_FIXED_Q32];
    const uint64_t weights = c->weights_xxh3;
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_encode(c, "again", &bytes, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_decode(&bytes, "again", &back, NULL), MD_OK);
    CU_ASSERT_EQUAL(back->weights_xxh3, weights);
    CU_ASSERT_EQUAL(back->at.loss.piece[MD_FIXED_Q32], loss);
    CU_ASSERT_EQUAL(back->history_count, c->history_count);
    CU_ASSERT_EQUAL(memcmp(back->history, c->history, c->history_count * sizeof *c->history), 0);
    md_bytes_free(&bytes);
    md_checkpoint_destroy(&back);
}

static void check_epoch(const md_epoch_row *row, const md_epoch_row *expected)
{
    CU_ASSERT(row->epoch == expected->epoch && row->step == expected->step);
    CU_ASSERT_EQUAL(row->loss, expected->loss);
    CU_ASSERT_EQUAL(row->accuracy, expected->accuracy);
    CU_ASSERT_EQUAL(row->val_loss, expected->val_loss);
    CU_ASSERT_EQUAL(row->val_accuracy, expected->val_accuracy);
    CU_ASSERT_EQUAL(row->learning_rate, expected->learning_rate);
    CU_ASSERT(row->seconds > 0.0 && row->images_per_second > 0.0);
    CU_ASSERT_EQUAL(row->weights_xxh3, expected->weights_xxh3);
}

static void check_run_stopped_within_an_epoch(const char *name, uint64_t state)
{
    md_checkpoint *c = read_stored(name);
    check_digests(c, 0x06ec231e2f0d49fd, state);
    CU_ASSERT(c->at.epoch == 1 && c->at.step == 30 && c->at.step_in_epoch == 11 &&
              c->at.iterations == 30);
    CU_ASSERT(c->at.samples == 352 && c->at.metric.piece[MD_FIXED_ONE] == 39);
    const md_fixed sum = md_fixed_from(789.2254077196121);
    CU_ASSERT_EQUAL(memcmp(&c->at.loss, &sum, sizeof sum), 0);
    CU_ASSERT(c->seed == 42 && c->complete == 1);
    CU_ASSERT(c->best_epoch == 1 && c->best == 0.11);
    CU_ASSERT_EQUAL(c->optimizer.kind, MD_OPTIMIZER_ADAM);
    CU_ASSERT(c->moment_count == 2 && c->moments[1][5] >= 0.0f);
    CU_ASSERT_EQUAL_FATAL(c->history_count, 1);
    check_epoch(&c->history[0], &(md_epoch_row){.epoch = 1,
                                                .step = 19,
                                                .loss = 2.287369253834089,
                                                .accuracy = 0.09333333333333334,
                                                .val_loss = 2.2443076181411743,
                                                .val_accuracy = 0.11,
                                                .learning_rate = 0.001,
                                                .weights_xxh3 = 0x70b4535bd589c5f3});
    CU_ASSERT(c->chain_count == 5 && c->ledger_count == 1 && c->golden.count == 16);
    CU_ASSERT(c->chain[4].step == 28 && c->chain[4].weights_xxh3 == 0x5442d42b18fc36f0);
    CU_ASSERT_EQUAL_FATAL(c->run_count, 1);
    CU_ASSERT_STRING_EQUAL(c->runs[0].hosts, "node1");
    check_saved_again(c);
    md_checkpoint_destroy(&c);
}

static void check_finished_run_of_sgd_with_dropout(const char *name, uint64_t state)
{
    md_checkpoint *c = read_stored(name);
    check_digests(c, 0x79f054a7af73f2d2, state);
    CU_ASSERT(c->at.epoch == 2 && c->at.step == 32 && c->at.step_in_epoch == 0 &&
              c->at.iterations == 32);
    CU_ASSERT(c->at.samples == 0 && c->at.metric.piece[MD_FIXED_ONE] == 0 &&
              c->at.loss.piece[MD_FIXED_Q32] == 0);
    CU_ASSERT(c->seed == 7 && c->complete == 1);
    CU_ASSERT(c->best_epoch == 2 && c->best == 0.42);
    CU_ASSERT_EQUAL(c->optimizer.kind, MD_OPTIMIZER_SGD);
    CU_ASSERT_EQUAL(c->moment_count, 1);
    CU_ASSERT_EQUAL_FATAL(c->model.layer_count, 4);
    CU_ASSERT_STRING_EQUAL(c->model.layers[1].name, "hidden");
    CU_ASSERT_EQUAL(c->model.layers[2].rate, 0.1);
    CU_ASSERT_EQUAL_FATAL(c->history_count, 2);
    check_epoch(&c->history[1], &(md_epoch_row){.epoch = 2,
                                                .step = 32,
                                                .loss = 1.7504253697395324,
                                                .accuracy = 0.4,
                                                .val_loss = 1.7590583884716033,
                                                .val_accuracy = 0.42,
                                                .learning_rate = 0.00016904105645142444,
                                                .weights_xxh3 = 0x79f054a7af73f2d2});
    CU_ASSERT(c->chain_count == 2 && c->ledger_count == 2 && c->golden.count == 16);
    check_saved_again(c);
    md_checkpoint_destroy(&c);
}

static void a_run_stopped_within_an_epoch(void)
{
    check_run_stopped_within_an_epoch("schema1-adam.h5", 0x25c2a28969104fad);
    check_run_stopped_within_an_epoch("schema1-plain-adam.h5", 0x9be80643f56f8643);
}

static void a_finished_run_of_sgd_with_dropout(void)
{
    check_finished_run_of_sgd_with_dropout("schema1-sgd.h5", 0x809a531a67b03138);
    check_finished_run_of_sgd_with_dropout("schema1-plain-sgd.h5", 0xaf91a1cad871a3a0);
}

const char md_suite[] = "checkpoint.stored";
CU_TestInfo md_tests[] = {
    {"schema 1: a run stopped within an epoch", a_run_stopped_within_an_epoch},
    {"schema 1: a finished run of SGD with dropout", a_finished_run_of_sgd_with_dropout},
    CU_TEST_INFO_NULL};
