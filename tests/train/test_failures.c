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
                                           "distributed.reducer=exchange",
                                           "distributed.reducer=exchange"};
    int size;
    world(&size);
    for (int i = 0; i < 3; i++) {
        char folder[TEST_PATH], fault[32];
        md_fault inject;
        const char *keys[8] = {base[0], base[1], base[2], base[3], reducers[i]};
        trial t = {.assignments = keys, .inject = &inject};
        trial_folder(MPI_COMM_WORLD, folder);
        snprintf(fault, sizeof fault, "nan@%d:8", size - 1);
        CU_ASSERT_EQUAL_FATAL(md_fault_parse(fault, &inject, &t.err), MD_OK);
        md_status status = trial_run(MPI_COMM_WORLD, folder, &t);
        check_agreed(status, &t.err, MD_FAILED, "step 8");
        snprintf(fault, sizeof fault, "rank %d", size - 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, fault));
        CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "dense_1"));
        md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
        if (last)
            CU_ASSERT_EQUAL(last->at.step, 5);
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
    char folder[TEST_PATH];
    md_fault inject;
    trial t = {.assignments = base, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("ulp@1:8", &inject, &t.err), MD_OK);
    md_status status = trial_run(MPI_COMM_WORLD, folder, &t);
    check_agreed(status, &t.err, MD_FAILED, "weights");
    CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "1"));
    trial_clean(MPI_COMM_WORLD, folder);
}

/* A rate so large that one step ruins the weights, or all that can be computed with them, while its
 * gradient was fine. */
static void check_ruined_weights(const char *rate, const char *words)
{
    const char *keys[] = {
        base[0], base[1], "train.epochs=1", "checkpoint.every_steps=1", "optimizer.name=sgd",
        rate,    NULL};
    char folder[TEST_PATH];
    trial t = {.assignments = keys};
    trial_folder(MPI_COMM_WORLD, folder);
    md_status status = trial_run(MPI_COMM_WORLD, folder, &t);
    check_agreed(status, &t.err, MD_FAILED, words);
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    CU_ASSERT_PTR_NULL(last);
    md_checkpoint_destroy(&last);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void ruined_weights_are_not_saved(void)
{
    check_ruined_weights("optimizer.learning_rate=1e40", "step 1 made weights infinite or NaN");
    check_ruined_weights("optimizer.learning_rate=1e38", "nothing had been saved yet");
}

static void a_failed_save_is_forgiven_and_the_run_ends_well(void)
{
    char folder[TEST_PATH];
    md_fault inject;
    trial t = {.assignments = base, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("enospc@0:10", &inject, &t.err), MD_OK);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    if (last)
        CU_ASSERT_EQUAL(last->at.step, 24);
    md_checkpoint_destroy(&last);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void too_many_failed_saves_end_the_run(void)
{
    char folder[TEST_PATH];
    md_fault inject;
    const char *keys[] = {base[0], base[1], base[2], base[3], "checkpoint.max_failures=0", NULL};
    trial t = {.assignments = keys, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("enospc@0:10", &inject, &t.err), MD_OK);
    check_agreed(trial_run(MPI_COMM_WORLD, folder, &t), &t.err, MD_FAILED, "saving failed");
    md_checkpoint *last = trial_last(MPI_COMM_WORLD, folder);
    if (last)
        CU_ASSERT_EQUAL(last->at.step, 5);
    md_checkpoint_destroy(&last);
    trial_clean(MPI_COMM_WORLD, folder);
}

static md_checkpoint *open_in(const char *folder, const char *name)
{
    char path[TEST_PATH];
    md_checkpoint *c = NULL;
    md_error err;
    test_path(folder, name, path);
    md_checkpoint_read(path, &c, &err);
    return c;
}

/* The step of the run in the folder's file, or -1. */
static int64_t step_in(const char *folder, const char *name)
{
    md_checkpoint *c = open_in(folder, name);
    int64_t step = c ? c->at.step : -1;
    md_checkpoint_destroy(&c);
    return step;
}

/* Best in epoch 2, whose save fails: the file holds the best of what was saved. */
static void a_best_value_is_remembered_only_with_its_file(void)
{
    char folder[TEST_PATH];
    md_fault inject;
    const char *keys[] = {"data.source=synthetic:600",
                          "train.batch_size=50",
                          "train.epochs=3",
                          "train.seed=2",
                          "optimizer.learning_rate=0.01",
                          "distributed.reducer=exchange",
                          NULL};
    int size;
    trial t = {.assignments = keys, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("enospc@0:24", &inject, &t.err), MD_OK);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    if (world(&size) == 0) {
        md_checkpoint *last = open_in(folder, "last.h5");
        CU_ASSERT_FATAL(last && last->history_count == 3);
        CU_ASSERT(last->history[1].val_accuracy > last->history[2].val_accuracy);
        CU_ASSERT(last->history[2].val_accuracy > last->history[0].val_accuracy);
        CU_ASSERT_EQUAL(last->best_epoch, 3);
        CU_ASSERT_EQUAL(step_in(folder, "best.h5"), 36);
        md_checkpoint_destroy(&last);
    }
    trial_clean(MPI_COMM_WORLD, folder);
}

static void a_failed_save_at_the_end_is_made_again(void)
{
    char folder[TEST_PATH];
    md_fault inject;
    const char *keys[] = {base[0], base[1], "train.epochs=1", NULL};
    int size;
    trial t = {.assignments = keys, .inject = &inject};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("enospc@0:12", &inject, &t.err), MD_OK);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    if (world(&size) == 0) {
        CU_ASSERT_EQUAL(step_in(folder, "last.h5"), 12);
        CU_ASSERT_EQUAL(step_in(folder, "best.h5"), 12);
    }
    trial_clean(MPI_COMM_WORLD, folder);
}

/* Neither at its end nor when asked to stop may a run claim what no file holds. */
static void a_run_that_cannot_save_its_end_has_failed(void)
{
    static const int stops[] = {0, 8};
    int size;
    for (int i = 0; i < 2; i++) {
        char folder[TEST_PATH], temporary[TEST_PATH];
        const char *keys[] = {base[0], base[1], base[2], "checkpoint.max_failures=100", NULL};
        trial t = {.assignments = keys, .stop_after = stops[i]};
        trial_folder(MPI_COMM_WORLD, folder);
        test_path(folder, ".saving.h5", temporary);
        if (world(&size) == 0)
            CU_ASSERT_EQUAL(mkdir(temporary, 0700), 0); /* no file can be made by that name */
        check_agreed(trial_run(MPI_COMM_WORLD, folder, &t), &t.err, MD_FAILED, "saving failed");
        trial_clean(MPI_COMM_WORLD, folder);
    }
}

static void a_start_that_fails_leaves_an_earlier_run_alone(void)
{
    char folder[TEST_PATH];
    const char *good[] = {base[0], base[1], "train.max_steps=7", NULL};
    const char *bad[] = {"data.source=/nowhere", NULL};
    int size;
    trial t = {.assignments = good};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    t.assignments = bad;
    check_agreed(trial_run(MPI_COMM_WORLD, folder, &t), &t.err, MD_BAD_DATA, "/nowhere");
    if (world(&size) == 0)
        CU_ASSERT_EQUAL(step_in(folder, "last.h5"), 7);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void an_earlier_run_may_give_the_weights(void)
{
    char folder[TEST_PATH], weights[TEST_PATH + 64];
    const char *first[] = {base[0], base[1], "train.max_steps=7", NULL};
    const char *second[] = {base[0], base[1], "train.max_steps=3", weights, NULL};
    int size;
    trial t = {.assignments = first};
    trial_folder(MPI_COMM_WORLD, folder);
    snprintf(weights, sizeof weights, "train.initial_weights=%s/last.h5", folder);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    t.assignments = second;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    if (world(&size) == 0) {
        CU_ASSERT_EQUAL(step_in(folder, "last.h5"), 3);
        CU_ASSERT_EQUAL(step_in(folder, "previous/last.h5"), 7);
    }
    trial_clean(MPI_COMM_WORLD, folder);
}

static void stand_beyond_the_epochs_end(md_checkpoint *c)
{
    c->at.step = c->at.iterations = c->at.step_in_epoch = 20;
}

static void lose_an_epoch(md_checkpoint *c)
{
    c->at.epoch = 1;
}

static void lose_the_moments(md_checkpoint *c)
{
    c->moment_count = 0;
}

static void change_the_optimizer(md_checkpoint *c)
{
    c->optimizer.kind = MD_OPTIMIZER_ADAMW;
}

/* Seals and shapes are right, but no run of ours saved that. */
static void a_checkpoint_that_contradicts_itself_is_refused(void)
{
    static const struct {
        void (*forge)(md_checkpoint *c);
        const char *words;
    } cases[] = {{stand_beyond_the_epochs_end, "epochs have 12 steps"},
                 {lose_an_epoch, "epochs have 12 steps"},
                 {lose_the_moments, "0 moments"},
                 {change_the_optimizer, "adamw"}};
    const char *first[] = {base[0], base[1], "train.max_steps=7", NULL};
    const char *second[] = {"train.max_steps=30", NULL};
    int size;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char folder[TEST_PATH], path[TEST_PATH];
        trial t = {.assignments = first};
        trial_folder(MPI_COMM_WORLD, folder);
        CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
        test_path(folder, "last.h5", path);
        md_checkpoint *c = world(&size) == 0 ? open_in(folder, "last.h5") : NULL;
        if (c) {
            cases[i].forge(c);
            CU_ASSERT_EQUAL(md_checkpoint_write(path, c, &t.err), MD_OK);
            md_checkpoint_destroy(&c);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        t = (trial){.assignments = second, .resume = 1};
        check_agreed(trial_run(MPI_COMM_WORLD, folder, &t), &t.err, MD_BAD_CHECKPOINT,
                     cases[i].words);
        trial_clean(MPI_COMM_WORLD, folder);
    }
}

/* A rank stopped while the others tear down must not go unnoticed either. */
static void it_is_known_when_the_watchdog_does_not_look(void)
{
    char folder[TEST_PATH];
    const char *good[] = {base[0], base[1], "train.max_steps=2", NULL};
    const char *bad[] = {"data.source=/nowhere", NULL};
    trial t = {.assignments = good};
    trial_folder(MPI_COMM_WORLD, folder);
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    CU_ASSERT_STRING_EQUAL(t.watched, "10");
    t.assignments = bad;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_BAD_DATA);
    CU_ASSERT_STRING_EQUAL(t.watched, "10");
    trial_clean(MPI_COMM_WORLD, folder);
}

static void expect(const char *assignment, md_status status, const char *words)
{
    char folder[TEST_PATH];
    const char *keys[] = {base[0], base[1], assignment, NULL};
    trial t = {.assignments = keys};
    trial_folder(MPI_COMM_WORLD, folder);
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
    {"ruined weights are not saved", ruined_weights_are_not_saved},
    {"a failed save is forgiven and the run ends well",
     a_failed_save_is_forgiven_and_the_run_ends_well},
    {"too many failed saves end the run", too_many_failed_saves_end_the_run},
    {"a failed save at the end is made again", a_failed_save_at_the_end_is_made_again},
    {"a best value is remembered only with its file",
     a_best_value_is_remembered_only_with_its_file},
    {"a run that cannot save its end has failed", a_run_that_cannot_save_its_end_has_failed},
    {"a start that fails leaves an earlier run alone",
     a_start_that_fails_leaves_an_earlier_run_alone},
    {"an earlier run may give the weights", an_earlier_run_may_give_the_weights},
    {"it is known when the watchdog does not look", it_is_known_when_the_watchdog_does_not_look},
    {"a checkpoint that contradicts itself is refused",
     a_checkpoint_that_contradicts_itself_is_refused},
    {"bad input is one message on all ranks", bad_input_is_one_message_on_all_ranks},
    CU_TEST_INFO_NULL};
