#include "mnist_dist/base/parse.h"

#include "runner.h"

static void integers_are_whole_and_in_range(void)
{
    int64_t value = 7;
    CU_ASSERT(md_parse_i64("-12", -20, 20, &value) && value == -12);
    const char *const refused[] = {
        "", " 1", "1 ", "1x", "0x10", "21", "-21", "1.0", "99999999999999999999", "+", "-"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        value = 7;
        CU_ASSERT(!md_parse_i64(refused[i], -20, 20, &value));
        CU_ASSERT_EQUAL(value, 7);
    }
}

static void unsigned_integers_have_no_sign(void)
{
    uint64_t value = 0;
    CU_ASSERT(md_parse_u64("18446744073709551615", &value) && value == UINT64_MAX);
    CU_ASSERT(!md_parse_u64("-1", &value));
    CU_ASSERT(!md_parse_u64("18446744073709551616", &value));
}

static void reals_are_finite_decimals(void)
{
    double value = 0;
    CU_ASSERT(md_parse_f64("1.0e-7", &value));
    CU_ASSERT_DOUBLE_EQUAL(value, 1e-7, 0);
    const char *const refused[] = {"", "nan", "inf", "1e999", "0x1p3", "1,5", "1e", " 1"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CU_ASSERT(!md_parse_f64(refused[i], &value));
}

static void booleans_are_the_two_words(void)
{
    int value = 0;
    CU_ASSERT(md_parse_bool("true", &value) && value == 1);
    CU_ASSERT(md_parse_bool("false", &value) && value == 0);
    CU_ASSERT(!md_parse_bool("yes", &value));
}

const char md_suite[] = "base.parse";
CU_TestInfo md_tests[] = {{"integers are whole and in range", integers_are_whole_and_in_range},
                          {"unsigned integers have no sign", unsigned_integers_have_no_sign},
                          {"reals are finite decimals", reals_are_finite_decimals},
                          {"booleans are the two words", booleans_are_the_two_words},
                          CU_TEST_INFO_NULL};
