/* Runs that must not end well: the same status and one text on every rank, nothing lost, no hang.
 */
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runner.h"
#include "trial.h"

static const char *const base[] = {"data.source=synthetic:600", "train.batch_size=50",
                                   "train.epochs=2", "checkpoint.every_steps=5", NULL};

static int world(int *size)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
    return rank;
}

/* Every rank holds the same status and the same words. */
static void check_agreed(md_status status, const md_error *err, md_status expected,
                         const char *words)
{
    char root[MD_ERROR_TEXT];
    snprintf(root, sizeof root, "%s", err->text);
    MPI_Bcast(root, sizeof root, MPI_CHAR, 0, MPI_COMM_WORLD);
    CU_ASSERT_EQUAL(status, expected);
    CU_ASSERT_STRING_EQUAL(err->text, root);
    CU_ASSERT_PTR_NOT_NULL(strstr(err->text, words));
}

static void a_nan_stops_the_run_before_any_weight_is_stepped(void)
{
    static const char *const reducers[] = {"distributed.reducer=allreduce",
                                           "distributed.reducer=node-shared",
                                           "distributed.reducer=reproducible"};
    int size;
    world(&size);
    for (int i = 0; i < 3; i++) {
        char folder[64], fault[32];
        md_inject inject;
        const char *keys[8] = {base[0], base[1], base[2], base[3], reducers[i]};
        trial t = {.assignments = keys, .inject = &inject};
        trial_folder(MPI_COMM_WORLD, folder, sizeof folder);
        snprintf(fault, sizeof fault, "nan@%d:8", size - 1);
        CU_ASSERT_EQUAL_FATAL(md_inject_parse(fault, &inject, &t.err), MD_OK);
        md_status status = trial_run(MPI_COMM_WORLD, folder, &t);
        check_agreed(status, &t.err, MD_FAILED, "step 8");
        snprintf(fault, sizeof fault, "rank %d", size - 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, fault));
        CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "dense_1"));
        md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
        if (last)
            CU_ASSERT_EQUAL(last->step, 5);
        md_checkpoint_destroy(&last);
        trial_clean(MPI_COMM_WORLD, folder);
    }
}

/* One last bit of one weight on one rank: caught at the epoch's end, by name. */
static void a_replica_that_parts_is_named(void)
{
    int size;
    world(&size);
    if (size < 3)
        return;
    char folder[64];
    md_inject inject;
    trial t = {.assignments = base, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder, sizeof folder);
    CU_ASSERT_EQUAL_FATAL(md_inject_parse("ulp@1:8", &inject, &t.err), MD_OK);
    md_status status = trial_run(MPI_COMM_WORLD, folder, &t);
    check_agreed(status, &t.err, MD_FAILED, "weights");
    CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "1"));
    trial_clean(MPI_COMM_WORLD, folder);
}

static void a_failed_save_is_forgiven_and_the_run_ends_well(void)
{
    char folder[64];
    md_inject inject;
    trial t = {.assignments = base, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder, sizeof folder);
    CU_ASSERT_EQUAL_FATAL(md_inject_parse("enospc@0:10", &inject, &t.err), MD_OK);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    if (last)
        CU_ASSERT_EQUAL(last->step, 24);
    md_checkpoint_destroy(&last);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void too_many_failed_saves_end_the_run(void)
{
    char folder[64];
    md_inject inject;
    const char *keys[] = {base[0], base[1], base[2], base[3], "checkpoint.max_failures=0", NULL};
    trial t = {.assignments = keys, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder, sizeof folder);
    CU_ASSERT_EQUAL_FATAL(md_inject_parse("enospc@0:10", &inject, &t.err), MD_OK);
    check_agreed(trial_run(MPI_COMM_WORLD, folder, &t), &t.err, MD_FAILED, "saving failed");
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    if (last)
        CU_ASSERT_EQUAL(last->step, 5);
    md_checkpoint_destroy(&last);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void expect(const char *assignment, md_status status, const char *words)
{
    char folder[64];
    const char *keys[] = {base[0], base[1], assignment, NULL};
    trial t = {.assignments = keys};
    trial_folder(MPI_COMM_WORLD, folder, sizeof folder);
    check_agreed(trial_run(MPI_COMM_WORLD, folder, &t), &t.err, status, words);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void bad_input_is_one_message_on_all_ranks(void)
{
    expect("data.source=/nowhere", MD_BAD_DATA, "/nowhere");
    expect("train.epochs=none", MD_USAGE, "train.epochs");
    expect("data.validation=split:600", MD_USAGE, "split:600");
    expect("train.initial_weights=/nowhere.h5", MD_BAD_CHECKPOINT, "/nowhere.h5");
    expect("checkpoint.output=/proc/nowhere", MD_FAILED, "/proc/nowhere");
}

const char md_suite[] = "train.failures";
CU_TestInfo md_tests[] = {
    {"a NaN stops the run before any weight is stepped",
     a_nan_stops_the_run_before_any_weight_is_stepped},
    {"a replica that parts is named", a_replica_that_parts_is_named},
    {"a failed save is forgiven and the run ends well",
     a_failed_save_is_forgiven_and_the_run_ends_well},
    {"too many failed saves end the run", too_many_failed_saves_end_the_run},
    {"bad input is one message on all ranks", bad_input_is_one_message_on_all_ranks},
    CU_TEST_INFO_NULL};
