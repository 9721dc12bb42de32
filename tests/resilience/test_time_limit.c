/* When a run's time is up. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/resilience/time_limit.h"
#include "runner.h"

static void the_time_limit_is_minutes_from_now(void)
{
    unsetenv("SLURM_JOB_END_TIME");
    CU_ASSERT_DOUBLE_EQUAL(md_time_limit_deadline(0.0), 0.0, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(md_time_limit_deadline(2.0), md_clock_now() + 120.0, 1.0);
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

const char md_suite[] = "resilience.time_limit";
CU_TestInfo md_tests[] = {
    {"the time limit is minutes from now", the_time_limit_is_minutes_from_now},
    {"the Slurm job ends the run before its limit", the_slurm_job_ends_the_run_before_its_limit},
    CU_TEST_INFO_NULL};
