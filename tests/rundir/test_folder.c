/* The output folder: its lock, its generations, and what is found in it. link, flock and read are
 * wrapped by the linker (see CMakeLists.txt), so that file systems without them can be played. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"
#include "runner.h"

static int link_errno, flock_errno, flock_failures, read_errno;

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

ssize_t __real_read(int file, void *data, size_t size);
ssize_t __wrap_read(int file, void *data, size_t size);

ssize_t __wrap_read(int file, void *data, size_t size)
{
    errno = read_errno;
    return read_errno ? -1 : __real_read(file, data, size);
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
    CU_ASSERT_EQUAL(md_folder_save(folder, c, NULL, &place_err), MD_OK);
    char path[TEST_PATH], text[1024] = "";
    FILE *file = fopen(test_path(place, "history.csv", path), "r");
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
        if (md_folder_open(place, 2, 0.0, NULL, &folder, NULL) || write(ready[1], "r", 1) != 1)
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
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, NULL, &folder, &place_err), MD_FAILED);
    CU_ASSERT_PTR_NULL(folder);
    snprintf(words, sizeof words, "in use by another run (pid %d on ", (int)holder);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, words));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "checkpoint.lock_wait"));
    CU_ASSERT_EQUAL(place_lines, 0);
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.5, NULL, &folder, &place_err), MD_FAILED);
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
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 60.0, NULL, &folder, &place_err), MD_OK);
    CU_ASSERT_EQUAL(place_lines, 1);
    waitpid(holder, NULL, 0);
    waitpid(killer, NULL, 0);
    md_folder_close(&folder);
    folder = place_open(2);
    md_folder_close(&folder);
    place_end();
}

/* Nothing was done yet, so that there is nothing to save and the folder is not touched. */
static void who_waits_stops_when_asked_to(void)
{
    place_begin();
    pid_t holder = hold_folder();
    const volatile sig_atomic_t asked = SIGTERM;
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 1e6, &asked, &folder, &place_err), MD_STOPPED);
    CU_ASSERT_PTR_NULL(folder);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "in use by another run (pid "));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "nothing was done"));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, &asked, &folder, &place_err), MD_OK);
    md_folder_close(&folder);
    place_end();
}

/* Whoever put it there: what it leads to is somebody else's. */
static void a_lock_that_is_not_a_file_is_refused(void)
{
    const char *const locks[] = {"ln -s thesis .lock", "ln -s nowhere .lock", "mkdir .lock",
                                 "mkfifo .lock"};
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
        place_begin();
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && echo precious > thesis && %s", place, locks[i]), 0);
        md_folder *folder;
        CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, NULL, &folder, &place_err), MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "/.lock' is "));
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "remove it or choose another"));
        CU_ASSERT_EQUAL(md_folder_in_use(place), -1);
        CU_ASSERT_EQUAL(
            fixture_run("cd '%s' && grep -qx precious thesis && test ! -e nowhere", place), 0);
        place_end();
    }
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

/* Not before it takes the last one's place: a start may yet fail. */
static void a_new_run_removes_the_status_of_the_last(void)
{
    static const char own[] = "printf 'state=running\\nfirst_step=0\\n' >'%s/status'";
    for (int resumes = 0; resumes < 2; resumes++) {
        place_begin();
        md_folder *folder = place_two_saves();
        md_folder_close(&folder);
        CU_ASSERT_EQUAL(fixture_run(own, place), 0);
        folder = place_open(2);
        md_checkpoint *c;
        CU_ASSERT_EQUAL_FATAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_OK);
        CU_ASSERT(place_has("status"));
        CU_ASSERT_EQUAL(resumes ? md_folder_repair(folder, c, &place_err)
                                : md_folder_set_aside(folder, &place_err),
                        MD_OK);
        CU_ASSERT(!place_has("status"));
        md_checkpoint_destroy(&c);
        md_folder_close(&folder);
        place_end();
    }
}

/* Others' texts and a pipe, told before anything is made or waited for. */
static void a_folder_with_others_files_under_its_names_is_not_opened(void)
{
    const char *const makes[] = {"echo state=running >status", "mkfifo history.csv",
                                 "echo epoch,step,loss >history.csv",
                                 "echo '<!DOCTYPE html>' >report.html"};
    for (size_t i = 0; i < sizeof makes / sizeof *makes; i++) {
        place_begin();
        md_folder *folder;
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && %s", place, makes[i]), 0);
        CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, NULL, &folder, &place_err), MD_FAILED);
        CU_ASSERT_PTR_NULL(folder);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--output"));
        CU_ASSERT_EQUAL(fixture_run("[ $(ls -A '%s' | wc -l) = 1 ]", place), 0);
        place_end();
    }
}

static void what_a_run_reads_lies_apart_from_what_it_writes(void)
{
    place_begin();
    char path[TEST_PATH];
    md_folder *folder = place_two_saves();
    md_folder_close(&folder);
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && touch data.csv && ln -s last.h5 link", place), 0);
    const char *const names[] = {"data.csv", "nosuch", "last.h5", "link", "history.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CU_ASSERT_EQUAL(md_folder_check_apart(place, test_path(place, names[i], path), &place_err),
                        i < 2 ? MD_OK : MD_FAILED);
    CU_ASSERT_EQUAL(md_folder_check_apart("/nosuch", "nosuch", &place_err), MD_OK);
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
    char deep[TEST_PATH];
    md_folder *folder;
    CU_ASSERT_EQUAL(
        md_folder_open(test_path(place, "a//b/c/", deep), 2, 0.0, NULL, &folder, &place_err),
        MD_OK);
    CU_ASSERT_EQUAL(md_folder_in_use(test_path(place, "a/b/c", deep)), 1);
    md_folder_close(&folder);
    CU_ASSERT_EQUAL(
        md_folder_open(test_path(place, "a/b/c/.lock/d", deep), 2, 0.0, NULL, &folder, &place_err),
        MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "Not a directory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--output"));
    CU_ASSERT_EQUAL(md_folder_open("", 2, 0.0, NULL, &folder, &place_err), MD_FAILED);
    place_end();
}

/* Nothing is known of a file then: neither an older one nor a new start may take its place. */
static void a_file_that_cannot_be_read_now_stops_the_search(void)
{
    const int reasons[] = {EIO, ESTALE, EACCES};
    place_begin();
    md_folder *folder = place_two_saves();
    md_checkpoint *c;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        read_errno = reasons[i];
        CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_FAILED);
        read_errno = 0;
        CU_ASSERT_PTR_NULL(c);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "/last.h5' cannot be read: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, strerror(reasons[i])));
        CU_ASSERT_PTR_NULL(strstr(place_err.text, "start anew"));
    }
    CU_ASSERT_EQUAL(place_lines, 0);
    char path[TEST_PATH];
    read_errno = EIO; /* but a file given by name is a bad checkpoint, as for every command */
    CU_ASSERT_EQUAL(md_checkpoint_read(test_path(place, "last.h5", path), &c, &place_err),
                    MD_BAD_CHECKPOINT);
    read_errno = ENOMEM;
    CU_ASSERT_EQUAL(md_checkpoint_read(path, &c, &place_err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "out of memory"));
    read_errno = 0;
    md_folder_close(&folder);
    place_end();
}

/* No descriptor is left, not even for the list of files. */
static void a_folder_that_cannot_be_listed_is_not_empty(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    md_checkpoint *c;
    struct rlimit usual, none;
    const int free_descriptor = dup(STDIN_FILENO);
    close(free_descriptor);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = (struct rlimit){(rlim_t)free_descriptor, usual.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    md_status found = md_folder_newest(folder, &c, NULL, 0, &place_err);
    md_error why;
    md_status moved = md_folder_set_aside(folder, &why);
    int has_run = md_folder_has_run(folder);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &usual), 0);
    CU_ASSERT(found == MD_FAILED && moved == MD_FAILED && has_run);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "Too many open files; raise the limit"));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "(ulimit -n)"));
    CU_ASSERT_EQUAL(place_lines, 0);
    CU_ASSERT_EQUAL(place_step("last.h5"), 2);
    md_folder_close(&folder);
    place_end();
}

/* Before any training: no save could succeed. */
static void folders_with_the_names_of_files_are_refused(void)
{
    const char *const names[] = {"last.h5", "last.prev.h5", "best.h5", "history.csv"};
    char words[TEST_PATH];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        place_begin();
        md_folder *folder = place_two_saves();
        md_folder_close(&folder);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && rm %s && mkdir %s", place, names[i], names[i]), 0);
        CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, NULL, &folder, &place_err), MD_FAILED);
        CU_ASSERT_PTR_NULL(folder);
        snprintf(words, sizeof words, "/%s' is a folder", names[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, words));
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "remove it or choose another"));
        CU_ASSERT_EQUAL(fixture_run("rmdir '%s/%s'", place, names[i]), 0);
        folder = place_open(2);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && mkdir -p previous/%s", place, names[i]), 0);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_FAILED);
        snprintf(words, sizeof words, "/previous/%s' is a folder", names[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, words));
        CU_ASSERT(!place_has(".previous.moving") && !place_has("previous/.placing"));
        CU_ASSERT_EQUAL(fixture_run("rmdir '%s/previous/%s'", place, names[i]), 0);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &place_err), MD_OK);
        md_folder_close(&folder);
        place_end();
    }
}

/* One that appears during the run fails a save, as a full disk does. */
static void a_folder_in_the_way_of_a_save_is_named(void)
{
    const char *const names[] = {"last.h5", "last.prev.h5", "best.h5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        place_begin();
        md_folder *folder = place_two_saves();
        CU_ASSERT_EQUAL(
            fixture_run("cd '%s' && mv %s kept.h5 && mkdir %s", place, names[i], names[i]), 0);
        CU_ASSERT_EQUAL(place_save(folder, 3, 1), MD_FAILED);
        CU_ASSERT_EQUAL(place_err.status, MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, names[i]));
        CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "remove"));
        CU_ASSERT(place_is_clean());
        CU_ASSERT_EQUAL(
            fixture_run("cd '%s' && rmdir %s && mv kept.h5 %s", place, names[i], names[i]), 0);
        CU_ASSERT_EQUAL(place_save(folder, 4, 1), MD_OK);
        md_folder_close(&folder);
        place_end();
    }
}

const char md_suite[] = "rundir.folder";
CU_TestInfo md_tests[] = {
    {"generations are kept", generations_are_kept},
    {"the best is one file with the last", the_best_is_one_file_with_the_last},
    {"history.csv has the columns in order", history_csv_has_the_columns_in_order},
    {"folders without links work", folders_without_links_work},
    {"a second run is refused", a_second_run_is_refused},
    {"a killed run frees the folder for who waits", a_killed_run_frees_the_folder_for_who_waits},
    {"who waits stops when asked to", who_waits_stops_when_asked_to},
    {"a lock that is not a file is refused", a_lock_that_is_not_a_file_is_refused},
    {"a look at the lock keeps no run out", a_look_at_the_lock_keeps_no_run_out},
    {"a new run removes the status of the last", a_new_run_removes_the_status_of_the_last},
    {"a folder with others' files under its names is not opened",
     a_folder_with_others_files_under_its_names_is_not_opened},
    {"what a run reads lies apart from what it writes",
     what_a_run_reads_lies_apart_from_what_it_writes},
    {"folders without flock warn and go on", folders_without_flock_warn_and_go_on},
    {"parents are made, and files in the way named", parents_are_made_and_files_in_the_way_named},
    {"a file that cannot be read now stops the search",
     a_file_that_cannot_be_read_now_stops_the_search},
    {"a folder that cannot be listed is not empty", a_folder_that_cannot_be_listed_is_not_empty},
    {"folders with the names of files are refused", folders_with_the_names_of_files_are_refused},
    {"a folder in the way of a save is named", a_folder_in_the_way_of_a_save_is_named},
    CU_TEST_INFO_NULL};
