/* The rank count does not change the run: to rounding with plain reducers, bit for bit with
 * reproducible. The judge is the same run on one rank. */
#include <math.h>
#include <mpi.h>
#include <string.h>

#include "mnist_dist/base/digest.h"
#include "runner.h"
#include "trial.h"

enum { MAX_KEYS = 16 };

static const char *const dropout_free[] = {"data.source=synthetic:300", "train.epochs=2", NULL};

static void run(MPI_Comm comm, const char *batch, const char *reducer, const char *extra,
                md_checkpoint **out, md_train_result *result)
{
    char folder[64];
    const char *keys[MAX_KEYS] = {dropout_free[0], dropout_free[1], batch, reducer, extra};
    trial_folder(comm, folder, sizeof folder);
    trial t = {.assignments = keys};
    CU_ASSERT_EQUAL_FATAL(trial_run(comm, folder, &t), MD_OK);
    *out = trial_last(comm, folder);
    *result = t.result;
    trial_clean(comm, folder);
}

static double largest_difference(const md_checkpoint *a, const md_checkpoint *b)
{
    md_layout layout;
    md_model_spec_layout(&a->model, &layout);
    double worst = 0.0;
    for (size_t i = 0; i < layout.parameters; i++)
        worst = fmax(worst, fabs((double)a->parameters[i] - (double)b->parameters[i]));
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

static void allreduce_agrees_to_rounding(void)
{
    compare("train.batch_size=32", "distributed.reducer=allreduce", NULL, 2e-3);
    compare("train.batch_size=7", "distributed.reducer=allreduce", NULL, 5e-3);
}

static void node_shared_agrees_to_rounding(void)
{
    compare("train.batch_size=32", "distributed.reducer=node-shared", NULL, 2e-3);
    compare("train.batch_size=32", "distributed.reducer=node-shared", "distributed.node_size=2",
            2e-3);
    compare("train.batch_size=32", "distributed.reducer=node-shared", "distributed.node_size=1",
            2e-3);
}

static void reproducible_agrees_bit_for_bit(void)
{
    compare("train.batch_size=32", "distributed.reducer=reproducible", NULL, 0.0);
    compare("train.batch_size=100", "distributed.reducer=reproducible", NULL, 0.0);
    compare("train.batch_size=3", "distributed.reducer=reproducible", NULL, 0.0);
}

static void more_ranks_than_samples_runs(void)
{
    compare("train.batch_size=2", "distributed.reducer=allreduce", "train.max_steps=20", 1.0);
    compare("train.batch_size=2", "distributed.reducer=node-shared", "train.max_steps=20", 1.0);
}

static void the_same_run_twice_gives_the_same_bits(void)
{
    static const char *const reducers[] = {"distributed.reducer=allreduce",
                                           "distributed.reducer=node-shared"};
    for (int i = 0; i < 2; i++) {
        md_checkpoint *a, *b;
        md_train_result first, second;
        run(MPI_COMM_WORLD, "train.batch_size=32", reducers[i], NULL, &a, &first);
        run(MPI_COMM_WORLD, "train.batch_size=32", reducers[i], NULL, &b, &second);
        CU_ASSERT_EQUAL(first.weights_xxh3, second.weights_xxh3);
        md_checkpoint_destroy(&a);
        md_checkpoint_destroy(&b);
    }
}

const char md_suite[] = "train.equivalence";
CU_TestInfo md_tests[] = {
    {"allreduce agrees to rounding", allreduce_agrees_to_rounding},
    {"node-shared agrees to rounding", node_shared_agrees_to_rounding},
    {"reproducible agrees bit for bit", reproducible_agrees_bit_for_bit},
    {"more ranks than samples runs", more_ranks_than_samples_runs},
    {"the same run twice gives the same bits", the_same_run_twice_gives_the_same_bits},
    CU_TEST_INFO_NULL};
