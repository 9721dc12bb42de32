/* The output folder: its lock, its generations, and what is found in it. link and flock are wrapped
 * by the linker (see CMakeLists.txt), so that file systems without them can be played. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"
#include "runner.h"

static int link_errno, flock_errno, flock_failures;

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation);

int __wrap_link(const char *from, const char *to)
{
    errno = link_errno;
    return link_errno ? -1 : __real_link(from, to);
}

int __wrap_flock(int file, int operation)
{
    errno = flock_failures > 0 ? EWOULDBLOCK : flock_errno;
    return flock_failures-- > 0 || flock_errno ? -1 : __real_flock(file, operation);
}

static void generations_are_kept(void)
{
    place_begin();
    md_folder *folder = place_open(3);
    CU_ASSERT(!md_folder_has_run(folder));
    for (int step = 1; step <= 5; step++)
        CU_ASSERT_EQUAL(place_save(folder, step, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.h5"), 5);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 4);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), 3);
    CU_ASSERT_EQUAL(place_step("last.prev3.h5"), -1);
    CU_ASSERT(md_folder_has_run(folder) && place_is_clean());
    md_folder_close(&folder);
    folder = place_open(2);
    CU_ASSERT_EQUAL(place_save(folder, 6, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 5);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), -1);
    md_folder_close(&folder);
    folder = place_open(1);
    CU_ASSERT_EQUAL(place_save(folder, 7, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.h5"), 7);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), -1);
    md_folder_close(&folder);
    place_end();
}

static void the_best_is_one_file_with_the_last(void)
{
    place_begin();
    md_folder *folder = place_open(2);
    CU_ASSERT_EQUAL(place_save(folder, 1, 1), MD_OK);
    CU_ASSERT_EQUAL(place_inode("best.h5"), place_inode("last.h5"));
    CU_ASSERT_EQUAL(place_save(folder, 2, 0), MD_OK);
    CU_ASSERT_EQUAL(place_inode("best.h5"), place_inode("last.prev.h5"));
    CU_ASSERT_EQUAL(place_step("best.h5"), 1);
    CU_ASSERT_EQUAL(place_save(folder, 3, 1), MD_OK);
    CU_ASSERT_EQUAL(place_step("best.h5"), 3);
    md_folder_close(&folder);
    place_end();
}

static void history_csv_has_the_columns_in_order(void)
{
    place_begin();
    md_folder *folder = place_open(2);
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 2);
    c->history[1].val_loss = NAN;
    CU_ASSERT_EQUAL(md_folder_save(folder, c, 0, &place_err), MD_OK);
    char path[FIXTURE_PATH], text[1024] = "";
    FILE *file = fopen(fixture_path(place, "history.csv", path), "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    CU_ASSERT_STRING_EQUAL(text,
                           "epoch,step,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,"
                           "images_per_second,weights_xxh3\n"
                           "1,100,1,0.901,2,0.801,0.001,0.25,100001,fedcba9876543211\n"
                           "2,200,0.5,0.902,nan,0.802,0.0005,0.25,100002,fedcba9876543212\n");
    md_checkpoint_destroy(&c);
    md_folder_close(&folder);
    place_end();
}

/* Copies take the place of links, with the same outcome. */
static void folders_without_links_work(void)
{
    place_begin();
    md_folder *folder = place_open(2);
    link_errno = EPERM;
    CU_ASSERT_EQUAL(place_save(folder, 1, 1), MD_OK);
    CU_ASSERT_EQUAL(place_save(folder, 2, 0), MD_OK);
    link_errno = 0;
    CU_ASSERT_EQUAL(place_step("last.h5"), 2);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 1);
    CU_ASSERT_EQUAL(place_step("best.h5"), 1);
    CU_ASSERT(place_inode("best.h5") != place_inode("last.prev.h5"));
    CU_ASSERT(place_is_clean());
    md_folder_close(&folder);
    place_end();
}

/* A process that holds the folder until it is killed. */
static pid_t hold_folder(void)
{
    int ready[2];
    char byte;
    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        md_folder *folder;
        if (md_folder_open(place, 2, 0.0, &folder, NULL) || write(ready[1], "r", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void a_second_run_is_refused(void)
{
    place_begin();
    pid_t holder = hold_folder();
    char words[64];
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, &folder, &place_err), MD_FAILED);
    CU_ASSERT_PTR_NULL(folder);
    snprintf(words, sizeof words, "in use by another run (pid %d on ", (int)holder);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, words));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "checkpoint.lock_wait"));
    CU_ASSERT_EQUAL(place_lines, 0);
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.5, &folder, &place_err), MD_FAILED);
    CU_ASSERT_EQUAL(place_lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "waiting up to 0.5 s"));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    place_end();
}

static void a_killed_run_frees_the_folder_for_who_waits(void)
{
    place_begin();
    pid_t holder = hold_folder();
    fflush(stdout);
    pid_t killer = fork();
    if (killer == 0) {
        usleep(500000);
        _exit(kill(holder, SIGKILL));
    }
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 60.0, &folder, &place_err), MD_OK);
    CU_ASSERT_EQUAL(place_lines, 1);
    waitpid(holder, NULL, 0);
    waitpid(killer, NULL, 0);
    md_folder_close(&folder);
    folder = place_open(2);
    md_folder_close(&folder);
    place_end();
}

static void a_look_at_the_lock_keeps_no_run_out(void)
{
    place_begin();
    CU_ASSERT_EQUAL(md_folder_in_use(place), 0);
    pid_t holder = hold_folder();
    CU_ASSERT_EQUAL(md_folder_in_use(place), 1);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    CU_ASSERT_EQUAL(md_folder_in_use(place), 0);
    flock_errno = ENOLCK;
    CU_ASSERT_EQUAL(md_folder_in_use(place), -1);
    flock_errno = 0;
    flock_failures = 2; /* two readers, one after the other */
    md_folder *folder = place_open(2);
    CU_ASSERT_EQUAL(place_lines, 0);
    md_folder_close(&folder);
    place_end();
}

static void a_new_run_removes_the_status_of_the_last(void)
{
    place_begin();
    md_folder *folder = place_open(2);
    char path[FIXTURE_PATH];
    FILE *status = fopen(fixture_path(place, "status", path), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(status);
    fclose(status);
    md_folder_close(&folder);
    folder = place_open(2);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    md_folder_close(&folder);
    place_end();
}

static void folders_without_flock_warn_and_go_on(void)
{
    const int reasons[] = {ENOLCK, ENOTSUP, ENOSYS};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        place_begin();
        flock_errno = reasons[i];
        md_folder *folder = place_open(2);
        flock_errno = 0;
        CU_ASSERT_EQUAL(place_lines, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "cannot be locked"));
        CU_ASSERT_EQUAL(place_save(folder, 1, 0), MD_OK);
        md_folder_close(&folder);
        place_end();
    }
}

static void parents_are_made_and_files_in_the_way_named(void)
{
    place_begin();
    char deep[FIXTURE_PATH];
    md_folder *folder;
    CU_ASSERT_EQUAL(
        md_folder_open(fixture_path(place, "a//b/c/", deep), 2, 0.0, &folder, &place_err), MD_OK);
    CU_ASSERT_STRING_EQUAL(md_folder_path(folder), deep);
    md_folder_close(&folder);
    CU_ASSERT_EQUAL(
        md_folder_open(fixture_path(place, "a/b/c/.lock/d", deep), 2, 0.0, &folder, &place_err),
        MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "Not a directory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--output"));
    CU_ASSERT_EQUAL(md_folder_open("", 2, 0.0, &folder, &place_err), MD_FAILED);
    place_end();
}

static void the_newest_good_file_is_found(void)
{
    place_begin();
    md_folder *folder = place_open(3);
    md_checkpoint *c = NULL;
    char name[FIXTURE_PATH];
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
    CU_ASSERT_PTR_NULL(c);
    for (int step = 1; step <= 3; step++)
        CU_ASSERT_EQUAL(place_save(folder, step, 1), MD_OK);
    place_damage("last.h5");
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
    CU_ASSERT_EQUAL(c->step - 107, 2);
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
    CU_ASSERT_EQUAL(c->step - 107, 9);
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
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "none of the 2 checkpoints"));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--resume"));
    CU_ASSERT_EQUAL(place_lines, 2);
    CU_ASSERT(md_folder_has_run(folder));
    md_folder_close(&folder);
    place_end();
}

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
        char previous[FIXTURE_PATH];
        CU_ASSERT(place_has(names[i]) && place_has(fixture_path("previous", names[i], previous)));
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

const char md_suite[] = "io.folder";
CU_TestInfo md_tests[] = {
    {"generations are kept", generations_are_kept},
    {"the best is one file with the last", the_best_is_one_file_with_the_last},
    {"history.csv has the columns in order", history_csv_has_the_columns_in_order},
    {"folders without links work", folders_without_links_work},
    {"a second run is refused", a_second_run_is_refused},
    {"a killed run frees the folder for who waits", a_killed_run_frees_the_folder_for_who_waits},
    {"a look at the lock keeps no run out", a_look_at_the_lock_keeps_no_run_out},
    {"a new run removes the status of the last", a_new_run_removes_the_status_of_the_last},
    {"folders without flock warn and go on", folders_without_flock_warn_and_go_on},
    {"parents are made, and files in the way named", parents_are_made_and_files_in_the_way_named},
    {"the newest good file is found", the_newest_good_file_is_found},
    {"files but none good is an error", files_but_none_good_is_an_error},
    {"an earlier run is set aside", an_earlier_run_is_set_aside},
    {"files of other people stay where they are", files_of_other_people_stay_where_they_are},
    {"an interrupted setting aside is completed", an_interrupted_setting_aside_is_completed},
    CU_TEST_INFO_NULL};
