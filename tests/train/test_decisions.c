/* The small decisions of a run: when to stop early, and when it was told to stop. */
#include <math.h>
#include <signal.h>

#include "../../src/train/trainer_internal.h"
#include "mnist_dist/base/clock.h"
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

static void rank_0s_clock_counts_and_a_signal_anywhere(void)
{
    md_stop stop = {0};
    CU_ASSERT(!md_stop_wanted(NULL, 0) && !md_stop_wanted(&stop, 0));
    stop.deadline = md_clock_now() - 1.0;
    CU_ASSERT(md_stop_wanted(&stop, 0));
    CU_ASSERT(!md_stop_wanted(&stop, 1));
    stop = (md_stop){.requested = SIGTERM};
    CU_ASSERT(md_stop_wanted(&stop, 0) && md_stop_wanted(&stop, 1));
}

const char md_suite[] = "train.decisions";
CU_TestInfo md_tests[] = {
    {"patience counts epochs without improvement", patience_counts_epochs_without_improvement},
    {"a small improvement does not count below min_delta",
     a_small_improvement_does_not_count_below_min_delta},
    {"a NaN is no improvement", a_nan_is_no_improvement},
    {"rank 0's clock counts, and a signal anywhere", rank_0s_clock_counts_and_a_signal_anywhere},
    CU_TEST_INFO_NULL};
