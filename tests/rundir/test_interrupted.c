/* A save that dies or fails before any of its calls that change names, and what a resume makes of
 * it. link and rename are wrapped by the linker (see CMakeLists.txt). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"
#include "runner.h"

enum { NEVER = -1, RENAMES_AND_LINKS = 7 }; /* of a save as best, with keep 3 */

static int calls_left = NEVER; /* that go well, before one that does not */
static int deadly;             /* the next one kills */
static int link_errno;         /* 0: links are supported */

/* Is this the call that fails? */
static int hits(void)
{
    if (calls_left == NEVER || calls_left-- > 0)
        return 0;
    if (deadly)
        kill(getpid(), SIGKILL);
    errno = EIO;
    return 1;
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

int __wrap_link(const char *from, const char *to)
{
    if (hits())
        return -1;
    errno = link_errno;
    return link_errno ? -1 : __real_link(from, to);
}

int __wrap_rename(const char *from, const char *to)
{
    return hits() ? -1 : __real_rename(from, to);
}

static md_checkpoint *checkpoint_of(int epochs)
{
    md_model_spec model = fixture_small_model();
    return fixture_checkpoint(&model, epochs);
}

static int epochs_of(const char *name)
{
    char path[TEST_PATH];
    md_checkpoint *c;
    if (md_checkpoint_read(test_path(place, name, path), &c, NULL))
        return -1;
    const int epochs = (int)c->at.epoch;
    md_checkpoint_destroy(&c);
    return epochs;
}

static int rows_of_history(void)
{
    return fixture_run("exit $(($(wc -l < '%s/history.csv') - 1))", place);
}

static md_status save_epochs(md_folder *folder, int epochs, int *best)
{
    md_checkpoint *c = checkpoint_of(epochs);
    md_status status = md_folder_save(folder, c, best, &place_err);
    md_checkpoint_destroy(&c);
    return status;
}

/* Epochs 1 to 3, of which the first is the best. */
static md_folder *three_saves(void)
{
    int held;
    md_folder *folder = place_open(3);
    CU_ASSERT_EQUAL(save_epochs(folder, 1, &held), MD_OK);
    CU_ASSERT_EQUAL(save_epochs(folder, 2, NULL), MD_OK);
    CU_ASSERT_EQUAL(save_epochs(folder, 3, NULL), MD_OK);
    CU_ASSERT(held && epochs_of("best.h5") == 1);
    return folder;
}

/* Epoch 4 is saved as the best by a process that dies before its call number `calls`. Returns
 * whether it died. */
static int die_before(int calls)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        md_folder *folder;
        int held;
        if (md_folder_open(place, 3, 0.0, NULL, &folder, NULL))
            _exit(1);
        deadly = 1;
        calls_left = calls;
        _exit(save_epochs(folder, 4, &held) != MD_OK);
    }
    waitpid(child, &status, 0);
    CU_ASSERT(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* As a resume does, whether or not it goes on. Returns the epochs that it finds. */
static int resume(md_folder *folder)
{
    md_checkpoint *c = NULL;
    CU_ASSERT_EQUAL_FATAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(md_folder_repair(folder, c, &place_err), MD_OK);
    const int epochs = (int)c->at.epoch;
    md_checkpoint_destroy(&c);
    return epochs;
}

static void killed_before(int calls, int *died)
{
    place_begin();
    md_folder *folder = three_saves();
    md_folder_close(&folder);
    *died = die_before(calls);
    CU_ASSERT(epochs_of("last.h5") >= 3);
    folder = place_open(3);
    const int found = resume(folder);
    CU_ASSERT_EQUAL(epochs_of("last.h5"), found);
    CU_ASSERT_EQUAL(epochs_of("best.h5"), found == 4 ? 4 : 1);
    CU_ASSERT_EQUAL(rows_of_history(), found);
    CU_ASSERT(place_is_clean());
    CU_ASSERT_EQUAL(save_epochs(folder, found + 1, NULL), MD_OK);
    CU_ASSERT_EQUAL(epochs_of("last.h5"), found + 1);
    CU_ASSERT_EQUAL(epochs_of("last.prev.h5"), found);
    /* A copy is not known for one, and may be kept twice. */
    CU_ASSERT(epochs_of("last.prev2.h5") == found - 1 || link_errno);
    CU_ASSERT_EQUAL(epochs_of("last.prev3.h5"), -1);
    CU_ASSERT_EQUAL(rows_of_history(), found + 1);
    md_folder_close(&folder);
    place_end();
}

static void a_resume_completes_a_save_killed_anywhere(void)
{
    for (int unsupported = 0; unsupported < 2; unsupported++) {
        int calls = 0, died = 1;
        link_errno = unsupported ? EPERM : 0;
        for (; died; calls++)
            killed_before(calls, &died);
        CU_ASSERT(calls > RENAMES_AND_LINKS);
        link_errno = 0;
    }
}

/* What is remembered of the best is what best.h5 holds, and only a table may be behind. */
static void failed_before(int calls, int *failed)
{
    int held = 1;
    place_begin();
    md_folder *folder = three_saves();
    calls_left = calls;
    const md_status status = save_epochs(folder, 4, &held);
    *failed = calls_left == NEVER;
    calls_left = NEVER;
    CU_ASSERT_EQUAL(epochs_of("last.h5"), status ? 3 : 4);
    CU_ASSERT_EQUAL(epochs_of("best.h5"), held ? 4 : 1);
    CU_ASSERT(status || held);
    CU_ASSERT_EQUAL(rows_of_history(), status || place_lines > 0 ? 3 : 4);
    CU_ASSERT(place_is_clean());
    CU_ASSERT_EQUAL(save_epochs(folder, 5, NULL), MD_OK);
    CU_ASSERT_EQUAL(epochs_of("last.h5"), 5);
    CU_ASSERT_EQUAL(epochs_of("best.h5"), held ? 4 : 1);
    CU_ASSERT_EQUAL(epochs_of("last.prev.h5"), status ? 3 : 4);
    CU_ASSERT_EQUAL(rows_of_history(), 5);
    md_folder_close(&folder);
    place_end();
}

static void a_save_that_fails_anywhere_says_what_it_did(void)
{
    int calls = 0, failed = 1;
    for (; failed; calls++)
        failed_before(calls, &failed);
    CU_ASSERT(calls > RENAMES_AND_LINKS);
}

static void a_folder_named_history_csv_is_told_once_and_costs_no_save(void)
{
    place_begin();
    int held = 0;
    md_folder *folder = three_saves();
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && rm history.csv && mkdir history.csv", place), 0);
    for (int epochs = 4; epochs <= 7; epochs++)
        CU_ASSERT_EQUAL(save_epochs(folder, epochs, &held), MD_OK);
    CU_ASSERT(held && epochs_of("last.h5") == 7 && epochs_of("best.h5") == 7);
    CU_ASSERT_EQUAL(epochs_of("last.prev3.h5"), -1);
    CU_ASSERT_EQUAL(place_lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "history.csv is not up to date: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "remove that folder"));
    CU_ASSERT(place_is_clean());
    CU_ASSERT_EQUAL(fixture_run("rmdir '%s/history.csv'", place), 0);
    CU_ASSERT_EQUAL(resume(folder), 7);
    CU_ASSERT_EQUAL(rows_of_history(), 7);
    CU_ASSERT_EQUAL(place_lines, 1);
    md_folder_close(&folder);
    place_end();
}

/* Whatever it was that the run goes on from, no good file goes for it. */
static void any_file_found_becomes_last(void)
{
    static const struct {
        const char *command, *word;
        int prev; /* epochs of last.prev.h5 behind the repair */
    } cases[] = {
        {"rm last.h5", "missing, and is the same as last.prev.h5", 2},
        {"truncate -s -100 last.h5", "damaged, and is the same as last.prev.h5", 2},
        {"mv last.h5 rescue.h5 && cp last.prev.h5 last.h5", "older, and is the same as r", 2},
        {"mv last.h5 x && mv last.prev.h5 last.h5 && mv x last.prev.h5",
         "older, and is the same as last.prev.h5", 2},
        {"rm last*; ", "missing, and is the same as best.h5", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        place_begin();
        md_folder *folder = three_saves();
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && %s", place, cases[i].command), 0);
        place_lines = 0;
        const int found = resume(folder);
        CU_ASSERT_EQUAL(epochs_of("last.h5"), found);
        CU_ASSERT_EQUAL(epochs_of("last.prev.h5"), cases[i].prev);
        CU_ASSERT_EQUAL(epochs_of("best.h5"), 1);
        CU_ASSERT_EQUAL(rows_of_history(), found);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_said, cases[i].word));
        CU_ASSERT(place_is_clean());
        CU_ASSERT_EQUAL(resume(folder), found);
        md_folder_close(&folder);
        place_end();
    }
}

const char md_suite[] = "rundir.interrupted";
CU_TestInfo md_tests[] = {
    {"a resume completes a save killed anywhere", a_resume_completes_a_save_killed_anywhere},
    {"a save that fails anywhere says what it did", a_save_that_fails_anywhere_says_what_it_did},
    {"a folder named history.csv is told once and costs no save",
     a_folder_named_history_csv_is_told_once_and_costs_no_save},
    {"any file found becomes last.h5", any_file_found_becomes_last},
    CU_TEST_INFO_NULL};
