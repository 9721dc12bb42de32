/* Which kernels are used, and what is said about it. */
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/nn/kernels.h"
#include "runner.h"

static void keep_line(md_log_level level, const char *line, void *context)
{
    CU_ASSERT_EQUAL(level, MD_LOG_WARNING);
    strncpy(context, line, 255);
}

static void the_best_set_comes_first_and_baseline_last(void)
{
    size_t count;
    const md_kernels *const *sets = md_kernels_available(&count);
    CU_ASSERT(count >= 1);
    CU_ASSERT_STRING_EQUAL(sets[count - 1]->name, "baseline");
    unsetenv("MNIST_DIST_KERNELS");
    CU_ASSERT_PTR_EQUAL(md_kernels_get(), sets[0]);
}

static void the_environment_chooses_a_set(void)
{
    size_t count;
    const md_kernels *const *sets = md_kernels_available(&count);
    for (size_t i = 0; i < count; i++) {
        setenv("MNIST_DIST_KERNELS", sets[i]->name, 1);
        CU_ASSERT_PTR_EQUAL(md_kernels_get(), sets[i]);
    }
    unsetenv("MNIST_DIST_KERNELS");
}

static void an_unknown_set_is_said_and_not_used(void)
{
    char line[256] = "";
    md_log_set_sink(keep_line, line);
    setenv("MNIST_DIST_KERNELS", "mmx", 1);
    size_t count;
    CU_ASSERT_PTR_EQUAL(md_kernels_get(), md_kernels_available(&count)[0]);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "MNIST_DIST_KERNELS"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "mmx"));
    unsetenv("MNIST_DIST_KERNELS");
    md_log_set_sink(NULL, NULL);
}

const char md_suite[] = "nn.choice";
CU_TestInfo md_tests[] = {
    {"the best set comes first and baseline last", the_best_set_comes_first_and_baseline_last},
    {"the environment chooses a set", the_environment_chooses_a_set},
    {"an unknown set is said and not used", an_unknown_set_is_said_and_not_used},
    CU_TEST_INFO_NULL};
