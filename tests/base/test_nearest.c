#include "mnist_dist/base/nearest.h"

#include "runner.h"

static md_nearest among_commands(const char *typed)
{
    static const char *const known[] = {"predict", "plot", "prove", "diff"};
    md_nearest nearest = md_nearest_start(typed);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        md_nearest_offer(&nearest, known[i]);
    return nearest;
}

static void near_words_are_suggested_and_far_ones_not(void)
{
    CU_ASSERT_STRING_EQUAL(among_commands("pedict").best, "predict");
    CU_ASSERT_STRING_EQUAL(among_commands("plots").best, "plot");
    CU_ASSERT_STRING_EQUAL(among_commands("diff").best, "diff");
    CU_ASSERT_STRING_EQUAL(among_commands("xyzzy").best, "");
    CU_ASSERT_STRING_EQUAL(among_commands("").best, "");
    CU_ASSERT_STRING_EQUAL(among_commands("a-very-long-word-that-is-longer-than-any-command").best,
                           "");
}

static void a_change_a_gap_and_a_surplus_are_one_letter_each(void)
{
    const char *const typed[] = {"momentum", "momentun", "moment", "mmomentum", "mmomentun"};
    const size_t wrong[] = {0, 1, 2, 1, 2};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        md_nearest nearest = md_nearest_start(typed[i]);
        md_nearest_offer(&nearest, "momentum");
        CU_ASSERT_STRING_EQUAL(nearest.best, "momentum");
        CU_ASSERT_EQUAL(nearest.limit, wrong[i]);
    }
}

static void a_word_under_another_spelling_gives_way_to_one_as_near(void)
{
    md_nearest nearest = md_nearest_start("epochs");
    md_nearest_offer_as(&nearest, "train.epochs", "epochs", 1);
    CU_ASSERT_STRING_EQUAL(nearest.best, "train.epochs");
    md_nearest_offer(&nearest, "epoch");
    CU_ASSERT_STRING_EQUAL(nearest.best, "train.epochs");
    md_nearest_offer(&nearest, "epochs");
    CU_ASSERT_STRING_EQUAL(nearest.best, "epochs");
}

const char md_suite[] = "base.nearest";
CU_TestInfo md_tests[] = {
    {"near words are suggested and far ones not", near_words_are_suggested_and_far_ones_not},
    {"a change, a gap and a surplus are one letter each",
     a_change_a_gap_and_a_surplus_are_one_letter_each},
    {"a word under another spelling gives way to one as near",
     a_word_under_another_spelling_gives_way_to_one_as_near},
    CU_TEST_INFO_NULL};
