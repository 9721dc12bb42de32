/* The rank count does not change the run: to rounding, or bit for bit where the reducer promises
 * it. The judge is the same run on one rank. */
#include <math.h>
#include <mpi.h>
#include <string.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/larger.h"
#include "runner.h"
#include "specs.h"
#include "trial.h"

enum { MAX_KEYS = 16 };

static const md_model_spec *network; /* of all runs; NULL: the default */
static const char *const dropout_free[] = {"data.source=synthetic:300", "train.epochs=2", NULL};

static void run(MPI_Comm comm, const char *batch, const char *reducer, const char *extra,
                md_checkpoint **out, md_train_result *result)
{
    char folder[TEST_PATH];
    const char *keys[MAX_KEYS] = {dropout_free[0], dropout_free[1], batch, reducer, extra};
    trial_folder(comm, folder);
    trial t = {.assignments = keys, .model = network};
    CU_ASSERT_EQUAL_FATAL(trial_run(comm, folder, &t), MD_OK);
    *out = trial_last(comm, folder);
    *result = t.result;
    trial_clean(comm, folder);
}

/* "distributed.reducer=NAME" */
static const char *choose(int kind, char *out, size_t size)
{
    snprintf(out, size, "distributed.reducer=%s", md_reducer_abouts[kind].name);
    return out;
}

static double largest_difference(const md_checkpoint *a, const md_checkpoint *b)
{
    md_layout layout;
    md_model_spec_layout(&a->model, &layout);
    double worst = 0.0;
    for (size_t i = 0; i < layout.parameters; i++)
        worst = md_larger(worst, fabs((double)a->parameters[i] - (double)b->parameters[i]));
    return worst;
}

/* On all ranks and on rank 0 alone. */
static void compare(const char *batch, const char *reducer, const char *extra, double tolerance)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    md_checkpoint *all, *alone;
    md_train_result of_all, of_one;
    run(MPI_COMM_WORLD, batch, reducer, extra, &all, &of_all);
    if (rank == 0) {
        run(MPI_COMM_SELF, batch, tolerance > 0.0 ? "distributed.reducer=allreduce" : reducer,
            extra, &alone, &of_one);
        CU_ASSERT_FATAL(all && alone);
        CU_ASSERT(largest_difference(all, alone) <= tolerance);
        CU_ASSERT_EQUAL(of_all.steps, of_one.steps);
        CU_ASSERT(fabs(of_all.val_loss - of_one.val_loss) <= 1e-2 * (tolerance > 0.0));
        if (tolerance <= 0.0)
            CU_ASSERT_EQUAL(of_all.weights_xxh3, of_one.weights_xxh3);
        md_checkpoint_destroy(&alone);
    }
    md_checkpoint_destroy(&all);
}

/* Of all reducers with this promise, at least one. */
static void compare_those(md_promise promise, const char *batch, const char *extra,
                          double tolerance)
{
    int compared = 0;
    for (int kind = 0; kind < MD_REDUCER_KINDS; kind++) {
        char reducer[64];
        if (md_reducer_abouts[kind].promise != promise)
            continue;
        compare(batch, choose(kind, reducer, sizeof reducer), extra, tolerance);
        compared++;
    }
    CU_ASSERT(compared > 0);
}

static void plain_reducers_agree_to_rounding(void)
{
    compare_those(MD_PROMISE_ORDER, "train.batch_size=32", NULL, 2e-3);
    compare_those(MD_PROMISE_ORDER, "train.batch_size=7", NULL, 5e-3);
}

static void other_nodes_agree_to_rounding(void)
{
    compare_those(MD_PROMISE_ORDER, "train.batch_size=32", "distributed.node_size=2", 2e-3);
    compare_those(MD_PROMISE_ORDER, "train.batch_size=32", "distributed.node_size=1", 2e-3);
}

static void a_promise_for_any_rank_count_is_kept_bit_for_bit(void)
{
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=32", NULL, 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=100", NULL, 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=3", NULL, 0.0);
}

static void and_on_other_nodes(void)
{
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=32", "distributed.node_size=1", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=33", "distributed.node_size=2", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=100", "distributed.node_size=3", 0.0);
}

/* Some ranks compute, those behind them follow. */
static void and_when_some_follow(void)
{
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=32", "distributed.active_ranks=1", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=7", "distributed.active_ranks=3", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=100", "distributed.active_ranks=0", 0.0);
}

static void and_when_clipping(void)
{
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=32", "optimizer.clip_norm=0.3", 0.0);
}

static void and_of_convolutions(void)
{
    md_layer_spec layers[] = {md_conv2d(6, (md_window){5, 1, MD_PADDING_SAME}, MD_RELU),
                              md_pool(MD_LAYER_MAX_POOL2D, (md_window){3, 3, MD_PADDING_VALID}),
                              md_conv2d(16, (md_window){3, 2, MD_PADDING_VALID}, MD_TANH),
                              md_pool(MD_LAYER_AVERAGE_POOL2D, (md_window){2, 2, MD_PADDING_SAME}),
                              md_flatten(),
                              md_dense(10, MD_SOFTMAX)};
    const md_model_spec model = md_spec(0, 0, 6, layers);
    network = &model;
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=32", NULL, 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=33", "distributed.node_size=1", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=7", "distributed.node_size=2", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=100", "optimizer.clip_norm=0.3", 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=32", "augment.rotation=20", 0.0);
    network = NULL;
}

/* Images are then sorted block by block. */
static void and_with_large_batches_and_dense_images(void)
{
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=290", NULL, 0.0);
    compare_those(MD_PROMISE_RANK_COUNT, "train.batch_size=290", "data.storage=dense", 0.0);
}

static void more_ranks_than_samples_runs(void)
{
    compare_those(MD_PROMISE_ORDER, "train.batch_size=2", "train.max_steps=20", 1.0);
}

static void the_same_run_twice_gives_the_same_bits(void)
{
    for (int kind = 0; kind < MD_REDUCER_KINDS; kind++) {
        char reducer[64];
        md_checkpoint *a, *b;
        md_train_result first, second;
        choose(kind, reducer, sizeof reducer);
        run(MPI_COMM_WORLD, "train.batch_size=32", reducer, NULL, &a, &first);
        run(MPI_COMM_WORLD, "train.batch_size=32", reducer, NULL, &b, &second);
        CU_ASSERT_EQUAL(first.weights_xxh3, second.weights_xxh3);
        md_checkpoint_destroy(&a);
        md_checkpoint_destroy(&b);
    }
}

const char md_suite[] = "train.equivalence";
CU_TestInfo md_tests[] = {
    {"plain reducers agree to rounding", plain_reducers_agree_to_rounding},
    {"other nodes agree to rounding", other_nodes_agree_to_rounding},
    {"a promise for any rank count is kept bit for bit",
     a_promise_for_any_rank_count_is_kept_bit_for_bit},
    {"and on other nodes", and_on_other_nodes},
    {"and when some follow", and_when_some_follow},
    {"and when clipping", and_when_clipping},
    {"and of convolutions", and_of_convolutions},
    {"and with large batches and dense images", and_with_large_batches_and_dense_images},
    {"more ranks than samples runs", more_ranks_than_samples_runs},
    {"the same run twice gives the same bits", the_same_run_twice_gives_the_same_bits},
    CU_TEST_INFO_NULL};
