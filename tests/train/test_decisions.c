/* The small decisions of a run: when to stop early, when time is up, what fault to rehearse. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../src/train/trainer_internal.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/resilience/time_limit.h"
#include "runner.h"

static md_epoch_row rows_of(double val_loss, double val_accuracy)
{
    return (md_epoch_row){.val_loss = val_loss, .val_accuracy = val_accuracy};
}

static md_config patient(int64_t patience, md_monitor monitor, double min_delta)
{
    md_config config = md_config_default();
    config.early_stopping.patience = patience;
    config.early_stopping.min_delta = min_delta;
    config.early_stopping.monitor = monitor;
    return config;
}

static void patience_counts_epochs_without_improvement(void)
{
    const md_epoch_row rows[] = {rows_of(1.0, 0.5), rows_of(0.8, 0.6), rows_of(0.9, 0.7),
                                 rows_of(0.8, 0.7)};
    md_config config = patient(2, MD_MONITOR_VAL_LOSS, 0.0);
    CU_ASSERT(!md_early_stopping_exhausted(&config, rows, 0));
    CU_ASSERT(!md_early_stopping_exhausted(&config, rows, 3));
    CU_ASSERT(md_early_stopping_exhausted(&config, rows, 4)); /* 0.8 again is no improvement */
    config = patient(2, MD_MONITOR_VAL_ACCURACY, 0.0);
    CU_ASSERT(!md_early_stopping_exhausted(&config, rows, 4));
    config = patient(0, MD_MONITOR_VAL_LOSS, 0.0);
    CU_ASSERT(!md_early_stopping_exhausted(&config, rows, 4));
}

static void a_small_improvement_does_not_count_below_min_delta(void)
{
    const md_epoch_row rows[] = {rows_of(1.0, 0.5), rows_of(0.95, 0.5), rows_of(0.94, 0.5)};
    md_config config = patient(2, MD_MONITOR_VAL_LOSS, 0.1);
    CU_ASSERT(md_early_stopping_exhausted(&config, rows, 3));
    config = patient(2, MD_MONITOR_VAL_LOSS, 0.04);
    CU_ASSERT(!md_early_stopping_exhausted(&config, rows, 3));
}

static void a_nan_is_no_improvement(void)
{
    const md_epoch_row rows[] = {rows_of(1.0, 0.5), rows_of(NAN, NAN), rows_of(NAN, NAN)};
    md_config config = patient(2, MD_MONITOR_VAL_LOSS, 0.0);
    CU_ASSERT(md_early_stopping_exhausted(&config, rows, 3));
}

static void the_time_limit_is_minutes_from_now(void)
{
    unsetenv("SLURM_JOB_END_TIME");
    CU_ASSERT_DOUBLE_EQUAL(md_time_limit_deadline(0.0), 0.0, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(md_time_limit_deadline(2.0), md_clock_now() + 120.0, 1.0);
    md_stop stop = {0};
    CU_ASSERT(!md_stop_wanted(NULL, 0) && !md_stop_wanted(&stop, 0));
    stop.deadline = md_clock_now() - 1.0;
    CU_ASSERT(md_stop_wanted(&stop, 0));
    CU_ASSERT(!md_stop_wanted(&stop, 1)); /* rank 0's clock counts, a signal anywhere */
    stop = (md_stop){.requested = SIGTERM};
    CU_ASSERT(md_stop_wanted(&stop, 0) && md_stop_wanted(&stop, 1));
}

static void the_slurm_job_ends_the_run_before_its_limit(void)
{
    char end[32];
    snprintf(end, sizeof end, "%lld", (long long)time(NULL) + 100);
    setenv("SLURM_JOB_END_TIME", end, 1);
    double left = md_time_limit_deadline(0.0) - md_clock_now();
    CU_ASSERT(left > 50.0 && left < 100.0);
    left = md_time_limit_deadline(0.5) - md_clock_now(); /* the earlier of the two */
    CU_ASSERT(left > 28.0 && left < 31.0);
    setenv("SLURM_JOB_END_TIME", "soon", 1);
    CU_ASSERT_DOUBLE_EQUAL(md_time_limit_deadline(0.0), 0.0, 0.0);
    unsetenv("SLURM_JOB_END_TIME");
}

static void faults_are_read_as_written(void)
{
    md_fault inject;
    md_error err;
    CU_ASSERT_EQUAL(md_fault_parse("kill@2:20", &inject, &err), MD_OK);
    CU_ASSERT(inject.kind == MD_FAULT_KILL && inject.rank == 2 && inject.step == 20);
    CU_ASSERT_EQUAL(md_fault_parse("torn-file@0:save", &inject, &err), MD_OK);
    CU_ASSERT(inject.at_save && inject.kind == MD_FAULT_TORN_FILE);
}

static void nonsense_faults_are_refused_with_the_reason(void)
{
    const struct {
        const char *text, *reason;
    } refused[] = {{"kill", "FAULT@RANK:STEP"},        {"kill@1", "FAULT@RANK:STEP"},
                   {"melt@0:1", "torn-file"},          {"kill@x:1", "not a rank"},
                   {"kill@-1:1", "not a rank"},        {"kill@0:0", "neither a step"},
                   {"kill@0:later", "neither a step"}, {"enospc@1:3", "only rank 0"},
                   {"nan@0:save", "in a step"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        md_fault inject;
        md_error err;
        CU_ASSERT_EQUAL(md_fault_parse(refused[i].text, &inject, &err), MD_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, refused[i].reason));
    }
}

static void a_fault_that_cannot_strike_is_refused_with_the_numbers(void)
{
    md_fault inject;
    md_error err;
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("kill@3:40", &inject, &err), MD_OK);
    CU_ASSERT_EQUAL(md_fault_check(&inject, 4, 40, &err), MD_OK);
    CU_ASSERT_EQUAL(md_fault_check(&inject, 3, 40, &err), MD_USAGE);
    CU_ASSERT_STRING_EQUAL(err.text, "--inject kill@3:40: there are ranks 0 to 2 only");
    CU_ASSERT_EQUAL(md_fault_check(&inject, 4, 39, &err), MD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--inject kill@3:40: the run ends after step 39"));
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("kill@0:save", &inject, &err), MD_OK);
    CU_ASSERT_EQUAL(md_fault_check(&inject, 1, 1, &err), MD_OK);
}

static void a_nan_is_put_where_it_was_asked_for(void)
{
    md_fault inject;
    md_error err;
    float gradient[2] = {1.0f, 2.0f};
    CU_ASSERT_EQUAL_FATAL(md_fault_parse("nan@1:3", &inject, &err), MD_OK);
    md_fault_in_step(&inject, 1, 2, gradient);
    md_fault_in_step(&inject, 0, 3, gradient);
    md_fault_in_step(NULL, 1, 3, gradient);
    CU_ASSERT(isfinite(gradient[0]));
    md_fault_in_step(&inject, 1, 3, gradient);
    CU_ASSERT(isnan(gradient[0]));
}

const char md_suite[] = "train.decisions";
CU_TestInfo md_tests[] = {
    {"patience counts epochs without improvement", patience_counts_epochs_without_improvement},
    {"a small improvement does not count below min_delta",
     a_small_improvement_does_not_count_below_min_delta},
    {"a NaN is no improvement", a_nan_is_no_improvement},
    {"the time limit is minutes from now", the_time_limit_is_minutes_from_now},
    {"the Slurm job ends the run before its limit", the_slurm_job_ends_the_run_before_its_limit},
    {"faults are read as written", faults_are_read_as_written},
    {"nonsense faults are refused with the reason", nonsense_faults_are_refused_with_the_reason},
    {"a fault that cannot strike is refused with the numbers",
     a_fault_that_cannot_strike_is_refused_with_the_numbers},
    {"a NaN is put where it was asked for", a_nan_is_put_where_it_was_asked_for},
    CU_TEST_INFO_NULL};
