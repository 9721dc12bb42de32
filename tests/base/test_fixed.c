/* Sums of losses: exact whatever the order, at any size, or refused. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "mnist_dist/base/fixed.h"
#include "runner.h"

/* Sizes that no one fixed unit could hold. */
static void sums_do_not_depend_on_the_order(void)
{
    float x[] = {3.25f, 1e18f, 1e-12f, 7e8f, 0.0f, 1.0f / 3.0f, 4.5e15f, 2e-7f}, back[8];
    md_fixed one = {0}, other = {0};
    for (int i = 0; i < 8; i++)
        back[i] = x[7 - i];
    CU_ASSERT(md_fixed_add(&one, x, 8));
    CU_ASSERT(md_fixed_add(&other, back, 3) && md_fixed_add(&other, back + 3, 5));
    CU_ASSERT_EQUAL(memcmp(&one, &other, sizeof one), 0);
    CU_ASSERT_DOUBLE_EQUAL(md_fixed_value(&one), (double)1e18f + (double)4.5e15f + 7e8, 200.0);
}

static void small_and_large_keep_their_digits(void)
{
    static const float sizes[] = {1e-12f, 1e-6f, 1.0f / 3.0f, 12345.678f, 3e9f, 1e18f};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        float x[1000];
        md_fixed sum = {0};
        for (int k = 0; k < 1000; k++)
            x[k] = sizes[i];
        CU_ASSERT(md_fixed_add(&sum, x, 1000));
        CU_ASSERT_DOUBLE_EQUAL(md_fixed_value(&sum), 1000 * (double)sizes[i],
                               1e-7 * 1000 * (double)sizes[i]);
    }
}

static void what_cannot_be_held_is_refused(void)
{
    static const float bad[] = {INFINITY, NAN, -1.0f, 1e20f};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const float x[] = {1.0f, bad[i]};
        md_fixed sum = {.piece = {1, 2, 3, 4}}, before = sum;
        CU_ASSERT(!md_fixed_add(&sum, x, 2));
        CU_ASSERT_EQUAL(memcmp(&sum, &before, sizeof sum), 0);
    }
}

static void a_sum_says_when_it_is_full(void)
{
    for (int k = 0; k < MD_FIXED_PIECES; k++) {
        md_fixed sum = {0}, more = {0};
        sum.piece[k] = MD_FIXED_MOST - 1;
        more.piece[k] = 1;
        CU_ASSERT(md_fixed_can_add(&sum, &more));
        more.piece[k] = 2;
        CU_ASSERT(!md_fixed_can_add(&sum, &more));
        sum.piece[k] = more.piece[k] = INT64_MAX;
        CU_ASSERT(!md_fixed_can_add(&sum, &more));
        sum.piece[k] = more.piece[k] = INT64_MIN;
        CU_ASSERT(!md_fixed_can_add(&sum, &more));
    }
}

/* As files from before hold them: in one piece. */
static void nats_are_rounded_to_one_unit(void)
{
    const float x[] = {2.5f, 0x1p-33f * 3.0f};
    md_fixed sum = {0};
    CU_ASSERT(md_fixed_add_nats(&sum, x, 2, 2));
    CU_ASSERT_EQUAL(sum.piece[MD_FIXED_Q32], (INT64_C(5) << 31) + 2);
    CU_ASSERT(sum.piece[MD_FIXED_Q64] == 0 && sum.piece[MD_FIXED_ONE] == 0);
    CU_ASSERT(!md_fixed_add_nats(&sum, (const float[]){1e9f}, 1, 10));
    CU_ASSERT(!md_fixed_add_nats(&sum, (const float[]){NAN}, 1, 1));
    CU_ASSERT_DOUBLE_EQUAL(md_fixed_value(&sum), 2.5, 1e-9);
    const md_fixed back = md_fixed_from(2.5);
    CU_ASSERT_EQUAL(back.piece[MD_FIXED_Q32], INT64_C(5) << 31);
}

const char md_suite[] = "base.fixed";
CU_TestInfo md_tests[] = {{"sums do not depend on the order", sums_do_not_depend_on_the_order},
                          {"small and large keep their digits", small_and_large_keep_their_digits},
                          {"what cannot be held is refused", what_cannot_be_held_is_refused},
                          {"a sum says when it is full", a_sum_says_when_it_is_full},
                          {"nats are rounded to one unit", nats_are_rounded_to_one_unit},
                          CU_TEST_INFO_NULL};
