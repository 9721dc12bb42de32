/* Faults to rehearse: how they are asked for, and where they strike. */
#include <math.h>
#include <string.h>

#include "mnist_dist/resilience/fault.h"
#include "runner.h"

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

const char md_suite[] = "resilience.fault";
CU_TestInfo md_tests[] = {
    {"faults are read as written", faults_are_read_as_written},
    {"nonsense faults are refused with the reason", nonsense_faults_are_refused_with_the_reason},
    {"a fault that cannot strike is refused with the numbers",
     a_fault_that_cannot_strike_is_refused_with_the_numbers},
    {"a NaN is put where it was asked for", a_nan_is_put_where_it_was_asked_for},
    CU_TEST_INFO_NULL};
