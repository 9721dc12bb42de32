/* Setting an earlier run aside: what moves, what stays, and what becomes of it when it is
 * interrupted.
 */
#include <stdio.h>

#include "place.h"
#include "runner.h"

static void an_earlier_run_is_set_aside(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && touch report.html notes.txt && mkdir previous && "
                                "touch previous/rescue.h5 previous/mine.txt",
                                place),
                    0);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    CU_ASSERT(!md_folder_has_run(folder));
    CU_ASSERT(!place_has("report.html") && !place_has("history.csv") && place_has("notes.txt"));
    CU_ASSERT_EQUAL(place_step("previous/last.h5"), 2);
    CU_ASSERT_EQUAL(place_step("previous/best.h5"), 1);
    CU_ASSERT(place_has("previous/report.html") && place_has("previous/history.csv"));
    CU_ASSERT(!place_has("previous/rescue.h5") && place_has("previous/mine.txt"));
    CU_ASSERT(!place_has(".previous.moving") && !place_has(".previous.placing"));
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    CU_ASSERT_EQUAL(place_step("previous/last.h5"), 2);
    CU_ASSERT_EQUAL(place_save(folder, 7, 0), MD_OK);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    CU_ASSERT_EQUAL(place_step("previous/last.h5"), 7);
    CU_ASSERT_EQUAL(place_step("previous/last.prev.h5"), -1);
    md_folder_close(&folder);
    place_end();
}

/* Whatever they look like: only names that the program itself gives may move or be replaced. */
static void files_of_other_people_stay_where_they_are(void)
{
    const char *const names[] = {"thesis.pdf",    "accuracy.png",     "curves.svg",
                                 "notes.html",    "last.previous.h5", "last.prev-of-mine.h5",
                                 "last.prev1.h5", "last.prev02.h5",   "last.prev2.h5.h5",
                                 "model.h5",      "last.prev 2.h5",   "last.prev.old.h5",
                                 "last.h5.bak",   "last.prev9.tar.gz"};
    place_begin();
    md_folder *folder = place_open(2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && mkdir -p previous && touch '%s' 'previous/%s'",
                                    place, names[i], names[i]),
                        0);
    CU_ASSERT(!md_folder_has_run(folder));
    for (int run = 0; run < 3; run++) {
        CU_ASSERT_EQUAL(place_save(folder, 1, 0), MD_OK);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char previous[TEST_PATH];
        CU_ASSERT(place_has(names[i]) && place_has(test_path("previous", names[i], previous)));
    }
    CU_ASSERT_EQUAL(place_step("previous/last.h5"), 1);
    md_folder_close(&folder);
    place_end();
}

/* As a death leaves it: before last.h5 moved, after it moved, and while the files were placed. */
static void an_interrupted_setting_aside_is_completed(void)
{
    const char *const deaths[] = {
        "mkdir .previous.moving && mv best.h5 history.csv .previous.moving",
        "mkdir .previous.moving && mv *.h5 history.csv .previous.moving",
        "mkdir .previous.placing previous && mv *.h5 .previous.placing && mv history.csv previous"};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        place_begin();
        md_folder *folder = place_two_saves();
        md_folder_close(&folder);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && %s", place, deaths[i]), 0);
        folder = place_open(2);
        CU_ASSERT_EQUAL(md_folder_has_run(folder), i == 0);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
        CU_ASSERT_EQUAL(place_step("previous/last.h5"), 2);
        CU_ASSERT_EQUAL(place_step("previous/best.h5"), 1);
        CU_ASSERT(place_has("previous/history.csv"));
        CU_ASSERT(!place_has(".previous.moving") && !place_has(".previous.placing"));
        md_folder_close(&folder);
        place_end();
    }
}

/* Whoever resumes instead finds all of the run: what had moved comes back, and goes with the rest
 * when it is set aside after all. */
static void an_interrupted_setting_aside_is_undone_by_resuming(void)
{
    const char *const deaths[] = {
        "mkdir .previous.moving", "mkdir .previous.moving && mv best.h5 .previous.moving",
        "mkdir .previous.moving && mv best.h5 history.csv last.prev.h5 .previous.moving"};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        place_begin();
        md_folder *folder = place_two_saves();
        md_folder_close(&folder);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && %s", place, deaths[i]), 0);
        folder = place_open(2);
        md_checkpoint *c;
        CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_OK);
        CU_ASSERT_EQUAL(c->at.step - 107, 2);
        md_checkpoint_destroy(&c);
        CU_ASSERT(place_has("history.csv") && !place_has(".previous.moving"));
        CU_ASSERT_EQUAL(place_step("best.h5"), 1);
        CU_ASSERT_EQUAL(place_step("last.prev.h5"), 1);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
        CU_ASSERT_EQUAL(place_step("previous/best.h5"), 1);
        md_folder_close(&folder);
        place_end();
    }
}

/* A run that went on meanwhile has younger files under the same names. */
static void what_comes_back_replaces_nothing(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && mkdir .previous.moving && "
                                "mv last.prev.h5 best.h5 .previous.moving",
                                place),
                    0);
    CU_ASSERT_EQUAL(place_save(folder, 3, 0), MD_OK);
    md_checkpoint *c;
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_OK);
    md_checkpoint_destroy(&c);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 2);
    CU_ASSERT_EQUAL(place_step("best.h5"), 1);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    CU_ASSERT_EQUAL(place_step("previous/last.prev.h5"), 2);
    CU_ASSERT_EQUAL(place_step("previous/best.h5"), 1);
    CU_ASSERT(!place_has(".previous.moving"));
    md_folder_close(&folder);
    place_end();
}

const char md_suite[] = "rundir.set_aside";
CU_TestInfo md_tests[] = {
    {"an earlier run is set aside", an_earlier_run_is_set_aside},
    {"an interrupted setting aside is completed", an_interrupted_setting_aside_is_completed},
    {"files of other people stay where they are", files_of_other_people_stay_where_they_are},
    {"an interrupted setting aside is undone by resuming",
     an_interrupted_setting_aside_is_undone_by_resuming},
    {"what comes back replaces nothing", what_comes_back_replaces_nothing},
    CU_TEST_INFO_NULL};
