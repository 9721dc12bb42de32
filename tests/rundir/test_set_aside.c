/* Setting an earlier run aside: what moves, what stays, and what becomes of it when it is
 * interrupted.
 */
#include <stdio.h>
#include <string.h>

#include "place.h"
#include "runner.h"

static void an_earlier_run_is_set_aside(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && printf '<!DOCTYPE html>\n%%s' '%s' >report.html && "
                                "touch notes.txt && mkdir previous && "
                                "touch previous/rescue.h5 previous/mine.txt",
                                place, MD_REPORT_HEADING),
                    0);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    CU_ASSERT(!md_folder_has_run(folder));
    CU_ASSERT(!place_has("report.html") && !place_has("history.csv") && place_has("notes.txt"));
    CU_ASSERT_EQUAL(place_step("previous/last.h5"), 2);
    CU_ASSERT_EQUAL(place_step("previous/best.h5"), 1);
    CU_ASSERT(place_has("previous/report.html") && place_has("previous/history.csv"));
    CU_ASSERT(!place_has("previous/rescue.h5") && place_has("previous/mine.txt"));
    CU_ASSERT(!place_has(".previous.moving") && !place_has("previous/.placing"));
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

/* Under a run's own names too, in the folder and where it would be moved to: nothing moves. */
static void files_of_other_people_with_names_of_a_run_stop_it(void)
{
    const char *const names[] = {"report.html", "history.csv", "previous/report.html",
                                 "previous/history.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        place_begin();
        md_folder *folder = place_two_saves();
        const ino_t last = place_inode("last.h5");
        CU_ASSERT_EQUAL(
            fixture_run("cd '%s' && mkdir previous && echo epoch,loss >%s", place, names[i]), 0);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, names[i]));
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--output"));
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && [ \"$(cat %s)\" = epoch,loss ]", place, names[i]),
                        0);
        CU_ASSERT_EQUAL(place_inode("last.h5"), last);
        CU_ASSERT(!place_has(".previous.moving"));
        md_folder_close(&folder);
        place_end();
    }
}

/* As a death leaves it: before last.h5 moved, after it moved, and while the files were placed. */
static void an_interrupted_setting_aside_is_completed(void)
{
    const char *const deaths[] = {
        "mkdir .previous.moving && mv best.h5 history.csv .previous.moving",
        "mkdir .previous.moving && mv *.h5 history.csv .previous.moving",
        "mkdir -p previous/.placing && mv *.h5 previous/.placing && mv history.csv previous"};
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
        CU_ASSERT(!place_has(".previous.moving") && !place_has("previous/.placing"));
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

/* Runs of 9, 1, 5, 2 and 5 steps one after another: only what is no longer gives way. */
static void a_longer_run_is_never_replaced(void)
{
    const int steps[] = {9, 1, 5, 2, 5};
    place_begin();
    md_folder *folder = place_open(2);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        place_said[0] = '\0';
        CU_ASSERT_EQUAL(place_save(folder, steps[i], 0), MD_OK);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "holds an earlier run: moved to "));
        CU_ASSERT_EQUAL(strstr(place_said, "beside a longer one") != NULL, i > 0);
    }
    CU_ASSERT_EQUAL(place_step("previous/last.h5"), 9);
    CU_ASSERT_EQUAL(place_step("previous2/last.h5"), 5);
    CU_ASSERT_EQUAL(place_step("previous3/last.h5"), 2);
    CU_ASSERT(!place_has("previous4"));
    md_folder_close(&folder);
    place_end();
}

/* As a death leaves it while the shorter run is placed beside the longer one. */
static void an_interrupted_setting_aside_keeps_the_longer_run(void)
{
    const char *const deaths[] = {
        "mkdir .previous.moving && mv *.h5 history.csv .previous.moving",
        "mkdir -p previous2/.placing && mv *.h5 previous2/.placing && mv history.csv previous2",
        ("mkdir -p previous2/.placing && mv last*.h5 previous2 && mv *.h5 history.csv "
         "previous2/.placing")};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        place_begin();
        md_folder *folder = place_open(2);
        CU_ASSERT_EQUAL(place_save(folder, 9, 1), MD_OK);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
        CU_ASSERT_EQUAL(place_save(folder, 1, 1), MD_OK);
        md_folder_close(&folder);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && %s", place, deaths[i]), 0);
        folder = place_open(2);
        CU_ASSERT_EQUAL(place_step("previous/last.h5"), 9);
        CU_ASSERT_EQUAL(place_step("previous2/last.h5"), 1);
        CU_ASSERT_EQUAL(place_step("previous2/best.h5"), 1);
        CU_ASSERT(place_has("previous2/history.csv") && !place_has("previous2/.placing"));
        CU_ASSERT(!md_folder_has_run(folder) && !place_has(".previous.moving"));
        md_folder_close(&folder);
        place_end();
    }
}

/* Not even a history that lost its checkpoints is written over. */
static void a_run_without_checkpoints_is_set_aside_too(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && rm *.h5", place), 0);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
    CU_ASSERT(place_has("previous/history.csv") && !place_has("history.csv"));
    md_folder_close(&folder);
    place_end();
}

const char md_suite[] = "rundir.set_aside";
CU_TestInfo md_tests[] = {
    {"an earlier run is set aside", an_earlier_run_is_set_aside},
    {"an interrupted setting aside is completed", an_interrupted_setting_aside_is_completed},
    {"files of other people stay where they are", files_of_other_people_stay_where_they_are},
    {"files of other people with names of a run stop it",
     files_of_other_people_with_names_of_a_run_stop_it},
    {"an interrupted setting aside is undone by resuming",
     an_interrupted_setting_aside_is_undone_by_resuming},
    {"what comes back replaces nothing", what_comes_back_replaces_nothing},
    {"a longer run is never replaced", a_longer_run_is_never_replaced},
    {"an interrupted setting aside keeps the longer run",
     an_interrupted_setting_aside_keeps_the_longer_run},
    {"a run without checkpoints is set aside too", a_run_without_checkpoints_is_set_aside_too},
    CU_TEST_INFO_NULL};
