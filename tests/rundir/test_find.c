/* Which checkpoint of a folder a run goes on from. */
#include <stdio.h>
#include <string.h>

#include "place.h"
#include "runner.h"

static void the_newest_good_file_is_found(void)
{
    place_begin();
    md_folder *folder = place_open(3);
    md_checkpoint *c = NULL;
    char name[TEST_PATH];
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
    CU_ASSERT_PTR_NULL(c);
    for (int step = 1; step <= 3; step++)
        CU_ASSERT_EQUAL(place_save(folder, step, 1), MD_OK);
    place_damage("last.h5");
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
    CU_ASSERT_EQUAL(c->at.step - 107, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(name, "/last.prev.h5"));
    CU_ASSERT_EQUAL(place_lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "skipped"));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "/last.h5': torn or damaged"));
    md_checkpoint_destroy(&c);
    c = place_checkpoint(9);
    CU_ASSERT_EQUAL(md_folder_save_rescue(place, c, &place_err), MD_OK);
    md_checkpoint_destroy(&c);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 2);
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
    CU_ASSERT_EQUAL(c->at.step - 107, 9);
    CU_ASSERT_PTR_NOT_NULL(strstr(name, "/rescue.h5"));
    md_checkpoint_destroy(&c);
    md_folder_close(&folder);
    place_end();
}

static void files_but_none_good_is_an_error(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    place_damage("last.h5");
    place_damage("last.prev.h5");
    md_checkpoint *c;
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_BAD_CHECKPOINT);
    CU_ASSERT_PTR_NULL(c);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "none of the 3 checkpoints"));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--resume"));
    CU_ASSERT_EQUAL(place_lines, 2);
    CU_ASSERT(md_folder_has_run(folder));
    md_folder_close(&folder);
    place_end();
}

/* Whichever file it is that is left; one that is also last.h5 goes by that name. */
static void any_sound_file_is_gone_on_from(void)
{
    const char *const names[] = {"best.h5", "rescue.h5", "last.prev7.h5"};
    char name[TEST_PATH];
    md_checkpoint *c;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        place_begin();
        md_folder *folder = place_open(2);
        CU_ASSERT_EQUAL(place_save(folder, 5, 1), MD_OK);
        CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(name, "/last.h5"));
        md_checkpoint_destroy(&c);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && rm best.h5 && cp last.h5 kept && mv kept %s && "
                                    "truncate -s -100 last.h5",
                                    place, names[i]),
                        0);
        CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_EQUAL(c->at.step - 107, 5);
        CU_ASSERT_PTR_NOT_NULL(strstr(name, names[i]));
        md_checkpoint_destroy(&c);
        CU_ASSERT_EQUAL(md_folder_look(place, &c, name, sizeof name, &place_err), MD_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(name, names[i]));
        md_checkpoint_destroy(&c);
        md_folder_close(&folder);
        place_end();
    }
}

static void a_history_without_checkpoints_is_no_new_start(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    md_checkpoint *c;
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && rm *.h5", place), 0);
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_BAD_CHECKPOINT);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "none of its checkpoints"));
    md_folder_close(&folder);
    place_end();
}

const char md_suite[] = "rundir.find";
CU_TestInfo md_tests[] = {{"the newest good file is found", the_newest_good_file_is_found},
                          {"files but none good is an error", files_but_none_good_is_an_error},
                          {"any sound file is gone on from", any_sound_file_is_gone_on_from},
                          {"a history without checkpoints is no new start",
                           a_history_without_checkpoints_is_no_new_start},
                          CU_TEST_INFO_NULL};
