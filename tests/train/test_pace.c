/* The number of ranks that compute, chosen on machines whose step times are known. */
#include "mnist_dist/train/pace.h"

#include <math.h>

#include "mnist_dist/base/rng.h"
#include "runner.h"

enum { MOST = 16 };

/* Seconds of a step with so many ranks. */
typedef double (*machine)(int ranks);

static double scales_well(int ranks)
{
    return 1e-3 / ranks;
}

static double does_not_scale(int ranks)
{
    return 1e-3 * (1 + 0.2 * ranks);
}

static double best_at_four(int ranks)
{
    return 1e-3 * (1.0 / ranks + 0.06 * ranks);
}

static double indifferent(int ranks)
{
    return 1e-3 + 1e-6 * ranks;
}

/* Between 0.8 and 1.2 of it, and now and then a turn that somebody else has. */
static double disturbed(double seconds, uint64_t step)
{
    uint32_t block[4];
    const md_rng_key key = {.seed = 1, .stream = MD_STREAM_SYNTHETIC};
    md_rng_block(&key, step, block);
    return seconds * (0.8 + 0.4 * block[0] / 4294967296.0) + (block[1] % 500 == 0 ? 4e-3 : 0.0);
}

/* The ranks of the last step of so many, and in how many steps of the second half they were others.
 * What is asked for counts from the step after the next one on. */
static int run(md_pace *pace, machine on, int steps, int noise, int *others)
{
    int ranks = pace->settled, asked = ranks, last = ranks, counts[MOST + 1] = {0};
    for (int step = 0; step < steps; step++) {
        const double seconds = on(ranks);
        const int next = md_pace_step(pace, noise ? disturbed(seconds, (uint64_t)step) : seconds);
        CU_ASSERT_FATAL(next >= 1 && next <= pace->most);
        if (step >= steps / 2)
            counts[ranks]++;
        ranks = asked;
        asked = next;
    }
    for (int i = 1; i <= MOST; i++)
        last = counts[i] > counts[last] ? i : last;
    *others = steps - steps / 2 - counts[last];
    return last;
}

static void expect(machine on, int most, int noise, int ranks)
{
    md_pace pace;
    int others;
    md_pace_begin(&pace, most);
    CU_ASSERT_EQUAL(run(&pace, on, 50000, noise, &others), ranks);
    CU_ASSERT(others < 50000 / 2 / 50); /* trials are few */
}

static void the_fastest_number_is_found(void)
{
    for (int noise = 0; noise <= 1; noise++) {
        expect(scales_well, 16, noise, 16);
        expect(scales_well, 3, noise, 3);
        expect(does_not_scale, 16, noise, 1);
        expect(does_not_scale, 3, noise, 1);
        expect(best_at_four, 16, noise, 4);
        expect(best_at_four, 2, noise, 2);
        expect(scales_well, 1, noise, 1);
    }
}

static void what_makes_no_difference_changes_nothing(void)
{
    expect(indifferent, 16, 0, 16);
}

static void a_machine_that_changes_is_noticed(void)
{
    md_pace pace;
    int others;
    md_pace_begin(&pace, 8);
    CU_ASSERT_EQUAL(run(&pace, scales_well, 100000, 1, &others), 8);
    CU_ASSERT_EQUAL(run(&pace, does_not_scale, 100000, 1, &others), 1);
    CU_ASSERT_EQUAL(run(&pace, scales_well, 100000, 1, &others), 8);
}

const char md_suite[] = "train.pace";
CU_TestInfo md_tests[] = {
    {"the fastest number is found", the_fastest_number_is_found},
    {"what makes no difference changes nothing", what_makes_no_difference_changes_nothing},
    {"a machine that changes is noticed", a_machine_that_changes_is_noticed},
    CU_TEST_INFO_NULL};
