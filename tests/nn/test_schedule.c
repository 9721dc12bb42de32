#include <math.h>

#include "mnist_dist/nn/schedule.h"
#include "runner.h"

static md_schedule of(md_schedule_kind kind)
{
    return (md_schedule){.kind = kind, .step_epochs = 10, .factor = 0.1};
}

static void check(const md_schedule *schedule, int64_t step, double expected)
{
    CU_ASSERT_DOUBLE_EQUAL(md_schedule_rate(schedule, 0.2, step, &(md_schedule_span){10, 100}),
                           expected, 1e-12);
}

static void constant_stays(void)
{
    md_schedule schedule = of(MD_SCHEDULE_CONSTANT);
    check(&schedule, 0, 0.2);
    check(&schedule, 99, 0.2);
}

static void step_multiplies_every_so_many_epochs(void)
{
    md_schedule schedule = of(MD_SCHEDULE_STEP);
    schedule.step_epochs = 3;
    schedule.factor = 0.5;
    check(&schedule, 0, 0.2);
    check(&schedule, 29, 0.2);
    check(&schedule, 30, 0.1);
    check(&schedule, 60, 0.05);
}

/* 0.2 * (0.9 * (1 + cos(pi t / 100)) / 2 + 0.1) */
static void cosine_falls_to_the_final_fraction(void)
{
    md_schedule schedule = of(MD_SCHEDULE_COSINE);
    schedule.final = 0.1;
    check(&schedule, 0, 0.2);
    check(&schedule, 25, 0.17363961030678928);
    check(&schedule, 50, 0.11);
    check(&schedule, 100, 0.02);
    check(&schedule, 1000, 0.02);
}

static void warm_up_rises_to_the_base_and_then_the_schedule_starts(void)
{
    for (int kind = 0; kind < MD_SCHEDULE_COUNT; kind++) {
        md_schedule schedule = of((md_schedule_kind)kind);
        schedule.warmup_steps = 4;
        check(&schedule, 0, 0.05);
        check(&schedule, 1, 0.1);
        check(&schedule, 3, 0.2);
        check(&schedule, 4, 0.2);
    }
    md_schedule schedule = of(MD_SCHEDULE_COSINE);
    schedule.warmup_steps = 20;
    check(&schedule, 60, 0.1);
    check(&schedule, 100, 0.0);
}

static void a_run_that_is_all_warm_up_ends_defined(void)
{
    md_schedule schedule = of(MD_SCHEDULE_COSINE);
    schedule.warmup_steps = 100;
    schedule.final = 0.5;
    check(&schedule, 99, 0.2);
    check(&schedule, 100, 0.1);
}

/* A number that stands for nothing is no way to read past a table. */
static void what_is_no_schedule_has_no_rate(void)
{
    md_schedule schedule = of(MD_SCHEDULE_COUNT);
    CU_ASSERT(isnan(md_schedule_rate(&schedule, 0.2, 5, &(md_schedule_span){10, 100})));
    schedule.kind = (md_schedule_kind)-1;
    CU_ASSERT(isnan(md_schedule_rate(&schedule, 0.2, 5, &(md_schedule_span){10, 100})));
}

const char md_suite[] = "nn.schedule";
CU_TestInfo md_tests[] = {
    {"constant stays", constant_stays},
    {"step multiplies every so many epochs", step_multiplies_every_so_many_epochs},
    {"cosine falls to the final fraction", cosine_falls_to_the_final_fraction},
    {"warm-up rises to the base, and then the schedule starts",
     warm_up_rises_to_the_base_and_then_the_schedule_starts},
    {"a run that is all warm-up ends defined", a_run_that_is_all_warm_up_ends_defined},
    {"what is no schedule has no rate", what_is_no_schedule_has_no_rate},
    CU_TEST_INFO_NULL};
