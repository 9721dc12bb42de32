/* A run that stops and goes on is the run that never stopped. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/base/fixed.h"
#include "mnist_dist/convert/convert.h"
#include "runner.h"
#include "trial.h"

enum { MAX_KEYS = 16 };

static const char *const base[] = {"data.source=synthetic:600", "train.epochs=3",
                                   "train.batch_size=50",       "checkpoint.every_steps=5",
                                   "checkpoint.digest_every=3", NULL};

/* base with a few more. */
static const char *const *with(const char **keys, const char *a, const char *b)
{
    int n = 0;
    for (; base[n]; n++)
        keys[n] = base[n];
    keys[n] = a;
    keys[n + (a != NULL)] = b;
    keys[n + (a != NULL) + (b != NULL)] = NULL;
    return keys;
}

static int same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void check_same_history(const md_checkpoint *a, const md_checkpoint *b)
{
    CU_ASSERT_EQUAL_FATAL(a->history_count, b->history_count);
    for (size_t i = 0; i < a->history_count; i++) {
        const md_epoch_row *x = &a->history[i], *y = &b->history[i];
        CU_ASSERT(x->epoch == y->epoch && x->step == y->step);
        CU_ASSERT(same_double(x->loss, y->loss) && same_double(x->accuracy, y->accuracy));
        CU_ASSERT(same_double(x->val_loss, y->val_loss));
        CU_ASSERT(same_double(x->val_accuracy, y->val_accuracy));
        CU_ASSERT(same_double(x->learning_rate, y->learning_rate));
        CU_ASSERT(x->weights_xxh3 == y->weights_xxh3);
    }
    CU_ASSERT_EQUAL_FATAL(a->chain_count, b->chain_count);
    for (size_t i = 0; i < a->chain_count; i++)
        CU_ASSERT(a->chain[i].step == b->chain[i].step &&
                  a->chain[i].weights_xxh3 == b->chain[i].weights_xxh3);
}

static void check_same_state(const md_checkpoint *a, const md_checkpoint *b)
{
    md_layout layout;
    md_model_spec_layout(&a->model, &layout);
    const size_t bytes = layout.parameters * sizeof(float);
    CU_ASSERT(memcmp(a->parameters, b->parameters, bytes) == 0);
    CU_ASSERT_EQUAL_FATAL(a->moment_count, b->moment_count);
    for (int i = 0; i < a->moment_count; i++)
        CU_ASSERT(memcmp(a->moments[i], b->moments[i], bytes) == 0);
    CU_ASSERT(a->at.epoch == b->at.epoch && a->at.step == b->at.step &&
              a->at.iterations == b->at.iterations);
    CU_ASSERT(a->at.step_in_epoch == b->at.step_in_epoch && a->best_epoch == b->best_epoch);
    CU_ASSERT(same_double(a->best, b->best));
}

/* Trains straight through on `first`, and in two parts, the second on `second`. */
static void compare(MPI_Comm first, MPI_Comm second, const char *reducer, const char *extra,
                    int stop_after)
{
    char straight[TEST_PATH], parted[TEST_PATH];
    const char *keys[MAX_KEYS];
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    trial_folder(MPI_COMM_WORLD, straight);
    trial_folder(MPI_COMM_WORLD, parted);
    trial t = {.assignments = with(keys, reducer, extra)};
    CU_ASSERT_EQUAL(trial_run(first, straight, &t), MD_OK);
    t.stop_after = stop_after;
    CU_ASSERT_EQUAL(trial_run(first, parted, &t), MD_STOPPED);
    CU_ASSERT_EQUAL(t.result.steps, stop_after);
    t.stop_after = 0;
    t.resume = 1;
    if (second != MPI_COMM_NULL)
        CU_ASSERT_EQUAL(trial_run(second, parted, &t), MD_OK);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        md_checkpoint *a = trial_last(MPI_COMM_SELF, straight);
        md_checkpoint *b = trial_last(MPI_COMM_SELF, parted);
        CU_ASSERT_FATAL(a && b);
        check_same_history(a, b);
        check_same_state(a, b);
        CU_ASSERT_EQUAL(b->run_count, 2);
        md_checkpoint_destroy(&a);
        md_checkpoint_destroy(&b);
    }
    trial_clean(MPI_COMM_WORLD, straight);
    trial_clean(MPI_COMM_WORLD, parted);
}

static void in_mid_epoch(void)
{
    compare(MPI_COMM_WORLD, MPI_COMM_WORLD, "distributed.reducer=allreduce", NULL, 17);
}

static void at_an_epochs_end(void)
{
    compare(MPI_COMM_WORLD, MPI_COMM_WORLD, "distributed.reducer=allreduce", NULL, 12);
}

static void with_exchange(void)
{
    compare(MPI_COMM_WORLD, MPI_COMM_WORLD, "distributed.reducer=exchange",
            "distributed.node_size=2", 17);
}

static void with_sgd_and_momentum(void)
{
    compare(MPI_COMM_WORLD, MPI_COMM_WORLD, "optimizer.name=sgd", "optimizer.momentum=0.9", 20);
}

static void exchange_goes_on_at_another_rank_count(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    compare(MPI_COMM_WORLD, rank == 0 ? MPI_COMM_SELF : MPI_COMM_NULL,
            "distributed.reducer=exchange", NULL, 17);
}

/* At another rank count a plain reducer still sees the same samples: the losses agree to rounding.
 */
static void plain_reducers_continue_the_same_stream(void)
{
    char straight[TEST_PATH], parted[TEST_PATH];
    const char *keys[MAX_KEYS];
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    trial_folder(MPI_COMM_WORLD, straight);
    trial_folder(MPI_COMM_WORLD, parted);
    trial whole = {.assignments = with(keys, NULL, NULL)}, part = whole;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, straight, &whole), MD_OK);
    part.stop_after = 17;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, parted, &part), MD_STOPPED);
    part.stop_after = 0;
    part.resume = 1;
    if (rank == 0) {
        CU_ASSERT_EQUAL(trial_run(MPI_COMM_SELF, parted, &part), MD_OK);
        CU_ASSERT_EQUAL_FATAL(part.steps, whole.steps - 17);
        for (int i = 0; i < part.steps; i++)
            CU_ASSERT(fabs(part.losses[i] - whole.losses[17 + i]) <= 2e-3);
    }
    trial_clean(MPI_COMM_WORLD, straight);
    trial_clean(MPI_COMM_WORLD, parted);
}

static void a_stop_in_the_very_last_step_is_the_end(void)
{
    char folder[TEST_PATH];
    const char *keys[MAX_KEYS];
    trial_folder(MPI_COMM_WORLD, folder);
    trial t = {.assignments = with(keys, NULL, NULL), .stop_after = 36};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    md_checkpoint *c = trial_last(MPI_COMM_WORLD, folder);
    if (c)
        CU_ASSERT(c->complete && c->at.step == 36 && c->history_count == 3);
    md_checkpoint_destroy(&c);
    trial_clean(MPI_COMM_WORLD, folder);
}

/* Back to the moment when all steps of the first epoch were done and its end had not begun, as a
 * rescue during validation finds it. */
static void undo_the_end_of_the_first_epoch(const char *folder)
{
    char path[TEST_PATH];
    md_error err;
    md_checkpoint *c = trial_last(MPI_COMM_SELF, folder);
    CU_ASSERT_FATAL(c && c->at.epoch == 1 && c->history_count == 1);
    c->at.epoch = 0;
    c->at.step_in_epoch = c->at.step;
    c->at.samples = 600;
    c->at.loss = md_fixed_from(c->history[0].loss * 600);
    c->at.metric.piece[MD_FIXED_ONE] = lround(c->history[0].accuracy * 600);
    c->best_epoch = 0;
    c->best = NAN;
    c->history_count = c->ledger_count = 0;
    c->chain_count--;
    test_path(folder, "last.h5", path);
    CU_ASSERT_EQUAL(md_checkpoint_write(path, c, &err), MD_OK);
    md_checkpoint_destroy(&c);
}

static void between_an_epochs_last_step_and_its_end(void)
{
    char straight[TEST_PATH], parted[TEST_PATH];
    const char *keys[MAX_KEYS];
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    trial_folder(MPI_COMM_WORLD, straight);
    trial_folder(MPI_COMM_WORLD, parted);
    trial t = {.assignments = with(keys, NULL, NULL)};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, straight, &t), MD_OK);
    t.stop_after = 12;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, parted, &t), MD_STOPPED);
    if (rank == 0)
        undo_the_end_of_the_first_epoch(parted);
    MPI_Barrier(MPI_COMM_WORLD);
    t = (trial){.assignments = t.assignments, .resume = 1};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, parted, &t), MD_OK);
    if (rank == 0) {
        md_checkpoint *a = trial_last(MPI_COMM_SELF, straight);
        md_checkpoint *b = trial_last(MPI_COMM_SELF, parted);
        CU_ASSERT_FATAL(a && b);
        check_same_history(a, b);
        check_same_state(a, b);
        md_checkpoint_destroy(&a);
        md_checkpoint_destroy(&b);
    }
    trial_clean(MPI_COMM_WORLD, straight);
    trial_clean(MPI_COMM_WORLD, parted);
}

/* Resumed in mid-epoch: speed is what this process trained on over its own time. */
static void times_are_of_the_process_that_finished_the_epoch(void)
{
    char folder[TEST_PATH];
    const char *keys[MAX_KEYS];
    trial_folder(MPI_COMM_WORLD, folder);
    trial t = {.assignments = with(keys, NULL, NULL), .stop_after = 10};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_STOPPED);
    t = (trial){.assignments = t.assignments, .resume = 1};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    md_checkpoint *c = trial_last(MPI_COMM_WORLD, folder);
    const double images[] = {2 * 50, 600, 600};
    for (size_t i = 0; c && i < c->history_count; i++) {
        const md_epoch_row *row = &c->history[i];
        CU_ASSERT_DOUBLE_EQUAL(row->images_per_second * row->seconds, images[i], 1e-6);
    }
    for (size_t i = 0; c && i < c->ledger_count; i++)
        if (c->ledger[i].rank == 0)
            CU_ASSERT_DOUBLE_EQUAL(c->ledger[i].compute_s + c->ledger[i].wait_s,
                                   c->history[c->ledger[i].epoch - 1].seconds, 1e-6);
    md_checkpoint_destroy(&c);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void a_complete_run_is_left_alone(void)
{
    char folder[TEST_PATH];
    const char *keys[MAX_KEYS];
    trial_folder(MPI_COMM_WORLD, folder);
    trial t = {.assignments = with(keys, "train.max_steps=7", NULL)};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    const md_train_result first = t.result;
    t.resume = 1;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    CU_ASSERT_EQUAL(t.result.steps, 7);
    CU_ASSERT_EQUAL(t.result.weights_xxh3, first.weights_xxh3);
    CU_ASSERT(same_double(t.result.val_loss, first.val_loss));
    CU_ASSERT_EQUAL(t.steps, 0);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void generations_stay_as_many_as_the_run_was_started_with(void)
{
    char folder[TEST_PATH], path[TEST_PATH];
    const char *keys[MAX_KEYS];
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    trial_folder(MPI_COMM_WORLD, folder);
    trial t = {.assignments = with(keys, "checkpoint.keep=4", NULL), .stop_after = 17};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_STOPPED);
    t = (trial){.assignments = with(keys, NULL, NULL), .resume = 1};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    test_path(folder, "last.prev3.h5", path);
    if (rank == 0)
        CU_ASSERT_EQUAL(access(path, F_OK), 0);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void another_seed_is_refused(void)
{
    char folder[TEST_PATH];
    const char *keys[MAX_KEYS];
    trial_folder(MPI_COMM_WORLD, folder);
    trial t = {.assignments = with(keys, "train.max_steps=3", NULL)};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    t.assignments = with(keys, "train.seed=43", NULL);
    t.resume = 1;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.err.text, "train.seed"));
    trial_clean(MPI_COMM_WORLD, folder);
}

static void nothing_to_resume_starts_anew(void)
{
    char folder[TEST_PATH];
    const char *keys[MAX_KEYS];
    trial_folder(MPI_COMM_WORLD, folder);
    trial t = {.assignments = with(keys, "train.max_steps=3", NULL), .resume = 1};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, folder, &t), MD_OK);
    CU_ASSERT_EQUAL(t.result.steps, 3);
    trial_clean(MPI_COMM_WORLD, folder);
}

/* The model of `from` as Keras 3 would hand it on, as a run in `to`. */
static void hand_on(const char *from, const char *to)
{
    char exported[TEST_PATH], last[TEST_PATH];
    md_error err = {0};
    md_config config = md_config_default();
    md_checkpoint *imported = NULL, *c = trial_last(MPI_COMM_SELF, from);
    test_path(to, "model.keras", exported);
    test_path(to, "last.h5", last);
    CU_ASSERT_FATAL(c && md_export(c, NULL, MD_EXPORT_KERAS, exported, &err) == MD_OK);
    CU_ASSERT_FATAL(md_import(exported, NULL, MD_KERAS_PIXELS_AUTO, &imported, &err) == MD_OK);
    CU_ASSERT_EQUAL(md_run_adopt(imported, &config, "import", &err), MD_OK);
    CU_ASSERT_EQUAL(md_checkpoint_write(last, imported, &err), MD_OK);
    md_checkpoint_destroy(&imported);
    md_checkpoint_destroy(&c);
}

/* In file order every epoch is alike: one epoch, an import and another one are two epochs. */
static void import_between_epochs(const char *reducer)
{
    char whole[TEST_PATH], half[TEST_PATH], rest[TEST_PATH];
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    trial_folder(MPI_COMM_WORLD, whole);
    trial_folder(MPI_COMM_WORLD, half);
    trial_folder(MPI_COMM_WORLD, rest);
    const char *two[] = {"data.source=synthetic:600",
                         "train.shuffle=false",
                         "train.batch_size=50",
                         reducer,
                         "train.epochs=2",
                         NULL};
    const char *one[] = {two[0], two[1], two[2], two[3], "train.epochs=1", NULL};
    trial t = {.assignments = two};
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, whole, &t), MD_OK);
    t.assignments = one;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, half, &t), MD_OK);
    if (rank == 0)
        hand_on(half, rest);
    t.resume = 1;
    CU_ASSERT_EQUAL(trial_run(MPI_COMM_WORLD, rest, &t), MD_OK);
    CU_ASSERT_EQUAL(t.result.steps, 12);
    md_checkpoint *a = trial_last(MPI_COMM_WORLD, whole), *b = trial_last(MPI_COMM_WORLD, rest);
    if (rank == 0) {
        CU_ASSERT_FATAL(a && b);
        b->at.step += 12;
        b->at.epoch++;
        b->best_epoch = a->best_epoch;
        b->best = a->best;
        check_same_state(a, b);
        CU_ASSERT(b->run_count == 2 && b->golden.count == 16);
    }
    md_checkpoint_destroy(&a);
    md_checkpoint_destroy(&b);
    trial_clean(MPI_COMM_WORLD, whole);
    trial_clean(MPI_COMM_WORLD, half);
    trial_clean(MPI_COMM_WORLD, rest);
}

static void an_imported_model_goes_on_with_its_optimizer(void)
{
    import_between_epochs("distributed.reducer=allreduce");
    import_between_epochs("distributed.reducer=exchange");
}

const char md_suite[] = "train.resume";
CU_TestInfo md_tests[] = {
    {"in mid-epoch", in_mid_epoch},
    {"at an epoch's end", at_an_epochs_end},
    {"between an epoch's last step and its end", between_an_epochs_last_step_and_its_end},
    {"a stop in the very last step is the end", a_stop_in_the_very_last_step_is_the_end},
    {"with exchange", with_exchange},
    {"with SGD and momentum", with_sgd_and_momentum},
    {"exchange goes on at another rank count", exchange_goes_on_at_another_rank_count},
    {"plain reducers continue the same stream", plain_reducers_continue_the_same_stream},
    {"times are of the process that finished the epoch",
     times_are_of_the_process_that_finished_the_epoch},
    {"a complete run is left alone", a_complete_run_is_left_alone},
    {"generations stay as many as the run was started with",
     generations_stay_as_many_as_the_run_was_started_with},
    {"another seed is refused", another_seed_is_refused},
    {"nothing to resume starts anew", nothing_to_resume_starts_anew},
    {"an imported model goes on with its optimizer", an_imported_model_goes_on_with_its_optimizer},
    CU_TEST_INFO_NULL};
