/* The output folder: its lock, its generations, and what is left of it when a save fails or the
 * process dies in the middle of one. link and flock are wrapped by the linker (see CMakeLists.txt),
 * so that file systems without them can be played. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io_fixtures.h"
#include "mnist_dist/io/folder.h"
#include "mnist_dist/util/log.h"
#include "runner.h"

static int link_errno, flock_errno;

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
    errno = flock_errno;
    return flock_errno ? -1 : __real_flock(file, operation);
}

/* What was said, one line after another. */
static char said[8192];
static int lines;

static void listen(md_log_level level, const char *line, void *context)
{
    (void)level;
    (void)context;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s\n", line);
    lines++;
}

static char place[FIXTURE_PATH];
static md_error err;

static void begin(void)
{
    fixture_folder(place);
    said[0] = '\0';
    lines = 0;
    err = (md_error){0};
    md_log_set_sink(listen, NULL);
}

static void end(void)
{
    md_log_set_sink(NULL, NULL);
    fixture_remove(place);
}

static md_folder *open_place(int keep)
{
    md_folder *folder;
    CU_ASSERT_EQUAL_FATAL(md_folder_open(place, keep, 5.0, &folder, &err), MD_OK);
    return folder;
}

/* A small run that has reached `step`. */
static md_checkpoint *at_step(int64_t step)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 1);
    c->step = c->iterations = step + 107;
    return c;
}

static md_status save_step(md_folder *folder, int64_t step, int best)
{
    md_checkpoint *c = at_step(step);
    md_status status = md_folder_save(folder, c, best, &err);
    md_checkpoint_destroy(&c);
    return status;
}

/* The step of a file in the folder; -1 when it is absent, -2 when it is bad. */
static int64_t step_of(const char *name)
{
    char path[FIXTURE_PATH];
    md_checkpoint *c;
    if (access(fixture_path(place, name, path), F_OK) != 0)
        return -1;
    if (md_checkpoint_read(path, &c, NULL))
        return -2;
    int64_t step = c->step - 107;
    md_checkpoint_destroy(&c);
    return step;
}

static ino_t inode_of(const char *name)
{
    char path[FIXTURE_PATH];
    struct stat info;
    return stat(fixture_path(place, name, path), &info) == 0 ? info.st_ino : 0;
}

static int exists(const char *name)
{
    return inode_of(name) != 0;
}

static int no_temporaries(void)
{
    return fixture_run("test -z \"$(ls -A '%s' | grep '^.saving')\"", place) == 0;
}

static void damage(const char *name)
{
    CU_ASSERT_EQUAL(fixture_run("truncate -s -100 '%s/%s'", place, name), 0);
}

static void generations_are_kept(void)
{
    begin();
    md_folder *folder = open_place(3);
    CU_ASSERT(!md_folder_has_run(folder));
    for (int step = 1; step <= 5; step++)
        CU_ASSERT_EQUAL(save_step(folder, step, 0), MD_OK);
    CU_ASSERT_EQUAL(step_of("last.h5"), 5);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 4);
    CU_ASSERT_EQUAL(step_of("last.prev2.h5"), 3);
    CU_ASSERT_EQUAL(step_of("last.prev3.h5"), -1);
    CU_ASSERT(md_folder_has_run(folder) && no_temporaries());
    md_folder_close(&folder);
    folder = open_place(2);
    CU_ASSERT_EQUAL(save_step(folder, 6, 0), MD_OK);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 5);
    CU_ASSERT_EQUAL(step_of("last.prev2.h5"), -1);
    md_folder_close(&folder);
    folder = open_place(1);
    CU_ASSERT_EQUAL(save_step(folder, 7, 0), MD_OK);
    CU_ASSERT_EQUAL(step_of("last.h5"), 7);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), -1);
    md_folder_close(&folder);
    end();
}

static void the_best_is_one_file_with_the_last(void)
{
    begin();
    md_folder *folder = open_place(2);
    CU_ASSERT_EQUAL(save_step(folder, 1, 1), MD_OK);
    CU_ASSERT_EQUAL(inode_of("best.h5"), inode_of("last.h5"));
    CU_ASSERT_EQUAL(save_step(folder, 2, 0), MD_OK);
    CU_ASSERT_EQUAL(inode_of("best.h5"), inode_of("last.prev.h5"));
    CU_ASSERT_EQUAL(step_of("best.h5"), 1);
    CU_ASSERT_EQUAL(save_step(folder, 3, 1), MD_OK);
    CU_ASSERT_EQUAL(step_of("best.h5"), 3);
    md_folder_close(&folder);
    end();
}

static void history_csv_has_the_columns_in_order(void)
{
    begin();
    md_folder *folder = open_place(2);
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 2);
    c->history[1].val_loss = NAN;
    CU_ASSERT_EQUAL(md_folder_save(folder, c, 0, &err), MD_OK);
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
    end();
}

/* Copies take the place of links, with the same outcome. */
static void folders_without_links_work(void)
{
    begin();
    md_folder *folder = open_place(2);
    link_errno = EPERM;
    CU_ASSERT_EQUAL(save_step(folder, 1, 1), MD_OK);
    CU_ASSERT_EQUAL(save_step(folder, 2, 0), MD_OK);
    link_errno = 0;
    CU_ASSERT_EQUAL(step_of("last.h5"), 2);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 1);
    CU_ASSERT_EQUAL(step_of("best.h5"), 1);
    CU_ASSERT(inode_of("best.h5") != inode_of("last.prev.h5"));
    CU_ASSERT(no_temporaries());
    md_folder_close(&folder);
    end();
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
    begin();
    pid_t holder = hold_folder();
    char words[64];
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, &folder, &err), MD_FAILED);
    CU_ASSERT_PTR_NULL(folder);
    snprintf(words, sizeof words, "in use by another run (pid %d on ", (int)holder);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, words));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "checkpoint.lock_wait"));
    CU_ASSERT_EQUAL(lines, 0);
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.1, &folder, &err), MD_FAILED);
    CU_ASSERT_EQUAL(lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "waiting up to 0.1 s"));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    end();
}

static void a_killed_run_frees_the_folder_for_who_waits(void)
{
    begin();
    pid_t holder = hold_folder();
    fflush(stdout);
    pid_t killer = fork();
    if (killer == 0) {
        usleep(100000);
        _exit(kill(holder, SIGKILL));
    }
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 60.0, &folder, &err), MD_OK);
    CU_ASSERT_EQUAL(lines, 1);
    waitpid(holder, NULL, 0);
    waitpid(killer, NULL, 0);
    md_folder_close(&folder);
    folder = open_place(2);
    md_folder_close(&folder);
    end();
}

static void folders_without_flock_warn_and_go_on(void)
{
    const int reasons[] = {ENOLCK, ENOTSUP, ENOSYS};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        begin();
        flock_errno = reasons[i];
        md_folder *folder = open_place(2);
        flock_errno = 0;
        CU_ASSERT_EQUAL(lines, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, "cannot be locked"));
        CU_ASSERT_EQUAL(save_step(folder, 1, 0), MD_OK);
        md_folder_close(&folder);
        end();
    }
}

static void parents_are_made_and_files_in_the_way_named(void)
{
    begin();
    char deep[FIXTURE_PATH];
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(fixture_path(place, "a//b/c/", deep), 2, 0.0, &folder, &err),
                    MD_OK);
    CU_ASSERT_STRING_EQUAL(md_folder_path(folder), deep);
    md_folder_close(&folder);
    CU_ASSERT_EQUAL(
        md_folder_open(fixture_path(place, "a/b/c/.lock/d", deep), 2, 0.0, &folder, &err),
        MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Not a directory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--output"));
    CU_ASSERT_EQUAL(md_folder_open("", 2, 0.0, &folder, &err), MD_FAILED);
    end();
}

/* The state after a save that must not have happened: the old files whole, no temporary. */
static void check_old_state(md_folder *folder, const char *words)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, words));
    CU_ASSERT_EQUAL(step_of("last.h5"), 2);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 1);
    CU_ASSERT_EQUAL(step_of("best.h5"), 1);
    CU_ASSERT(no_temporaries());
    CU_ASSERT_EQUAL(save_step(folder, 4, 1), MD_OK);
    CU_ASSERT_EQUAL(step_of("last.h5"), 4);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 2);
}

static md_folder *two_saves(void)
{
    md_folder *folder = open_place(2);
    CU_ASSERT_EQUAL(save_step(folder, 1, 1), MD_OK);
    CU_ASSERT_EQUAL(save_step(folder, 2, 0), MD_OK);
    return folder;
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_file_that_cannot_be_written_keeps_the_old_ones(void)
{
    begin();
    md_folder *folder = two_saves();
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(10000);
    CU_ASSERT_EQUAL(save_step(folder, 3, 1), MD_FAILED);
    limit_file_size(RLIM_INFINITY);
    check_old_state(folder, "File too large");
    md_folder_close(&folder);
    end();
}

static void tear(const char *stage, const char *temporary, void *context)
{
    if (strcmp(stage, context) == 0 && truncate(temporary, 20000) != 0)
        CU_FAIL("cannot tear the file");
}

static void a_torn_file_is_found_before_it_replaces_anything(void)
{
    begin();
    md_folder *folder = two_saves();
    md_folder_set_hook(folder, tear, "verify");
    CU_ASSERT_EQUAL(save_step(folder, 3, 1), MD_FAILED);
    md_folder_set_hook(folder, NULL, NULL);
    check_old_state(folder, "cannot be read back");
    md_folder_close(&folder);
    end();
}

/* A tmpfs with room for `kilobytes`, where this process may mount one. */
static int mount_small(unsigned long flags, int kilobytes)
{
    char options[32];
    snprintf(options, sizeof options, "size=%dk", kilobytes);
    return mount("tmpfs", place, "tmpfs", flags, options) == 0;
}

static void a_full_disk_keeps_the_old_files(void)
{
    begin();
    if (!mount_small(0, 256)) {
        printf("skipped: no permission to mount; ");
        end();
        return;
    }
    md_folder *folder = two_saves();
    CU_ASSERT_EQUAL(fixture_run("dd if=/dev/zero of='%s/filler' bs=1k 2>/dev/null", place), 1);
    CU_ASSERT_EQUAL(save_step(folder, 3, 1), MD_FAILED);
    CU_ASSERT_EQUAL(fixture_run("rm '%s/filler'", place), 0);
    check_old_state(folder, "No space left on device");
    md_folder_close(&folder);
    CU_ASSERT_EQUAL(umount(place), 0);
    end();
}

static void a_read_only_folder_is_refused(void)
{
    begin();
    if (!mount_small(MS_RDONLY, 256)) {
        printf("skipped: no permission to mount; ");
        end();
        return;
    }
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, &folder, &err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Read-only file system"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--output"));
    CU_ASSERT_EQUAL(umount(place), 0);
    end();
}

static void die(const char *stage, const char *temporary, void *context)
{
    (void)temporary;
    if (strcmp(stage, context) == 0)
        kill(getpid(), SIGKILL);
}

/* Step 3 is being saved as best when the process dies; step 2 or 3 is the newest, and good. */
static void die_in(const char *stage, int64_t expected)
{
    begin();
    md_folder *folder = two_saves();
    md_folder_close(&folder);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (md_folder_open(place, 2, 0.0, &folder, NULL))
            _exit(1);
        md_folder_set_hook(folder, die, (void *)stage);
        save_step(folder, 3, 1);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CU_ASSERT_EQUAL(step_of("last.h5"), expected);
    CU_ASSERT(step_of("last.prev.h5") >= 1);
    CU_ASSERT(step_of("best.h5") >= 1);
    folder = open_place(2);
    CU_ASSERT(no_temporaries());
    md_checkpoint *c;
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &err), MD_OK);
    CU_ASSERT_EQUAL(c->step - 107, expected);
    md_checkpoint_destroy(&c);
    CU_ASSERT_EQUAL(save_step(folder, 4, 0), MD_OK);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), expected);
    CU_ASSERT_EQUAL(lines, 0);
    md_folder_close(&folder);
    end();
}

static void death_in_any_stage_leaves_a_good_file(void)
{
    die_in("write", 2);
    die_in("verify", 2);
    die_in("rotate", 2);
    die_in("rename", 2);
    die_in("done", 3);
}

/* Between rotating and renaming, last.h5 is last.prev.h5 too; the next save must not lose older
 * generations to that. */
static void a_save_after_an_interrupted_one_rotates_once(void)
{
    begin();
    md_folder *folder = open_place(3);
    for (int step = 1; step <= 3; step++)
        save_step(folder, step, 0);
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && mv last.prev.h5 last.prev2.h5 && ln last.h5 "
                                "last.prev.h5",
                                place),
                    0);
    CU_ASSERT_EQUAL(save_step(folder, 4, 0), MD_OK);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 3);
    CU_ASSERT_EQUAL(step_of("last.prev2.h5"), 2);
    md_folder_close(&folder);
    end();
}

static void the_newest_good_file_is_found(void)
{
    begin();
    md_folder *folder = open_place(3);
    md_checkpoint *c = NULL;
    char name[FIXTURE_PATH];
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &err), MD_OK);
    CU_ASSERT_PTR_NULL(c);
    for (int step = 1; step <= 3; step++)
        CU_ASSERT_EQUAL(save_step(folder, step, 1), MD_OK);
    damage("last.h5");
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &err), MD_OK);
    CU_ASSERT_EQUAL(c->step - 107, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(name, "/last.prev.h5"));
    CU_ASSERT_EQUAL(lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "skipped"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "/last.h5': torn or damaged"));
    md_checkpoint_destroy(&c);
    c = at_step(9);
    CU_ASSERT_EQUAL(md_folder_save_rescue(place, c, &err), MD_OK);
    md_checkpoint_destroy(&c);
    CU_ASSERT_EQUAL(step_of("last.prev.h5"), 2);
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, name, sizeof name, &err), MD_OK);
    CU_ASSERT_EQUAL(c->step - 107, 9);
    CU_ASSERT_PTR_NOT_NULL(strstr(name, "/rescue.h5"));
    md_checkpoint_destroy(&c);
    md_folder_close(&folder);
    end();
}

static void files_but_none_good_is_an_error(void)
{
    begin();
    md_folder *folder = two_saves();
    damage("last.h5");
    damage("last.prev.h5");
    md_checkpoint *c;
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &err), MD_BAD_CHECKPOINT);
    CU_ASSERT_PTR_NULL(c);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "none of the 2 checkpoints"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--resume"));
    CU_ASSERT_EQUAL(lines, 2);
    CU_ASSERT(md_folder_has_run(folder));
    md_folder_close(&folder);
    end();
}

static void an_earlier_run_is_set_aside(void)
{
    begin();
    md_folder *folder = two_saves();
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && touch accuracy.png notes.txt && mkdir previous && "
                                "touch previous/rescue.h5 previous/mine.txt",
                                place),
                    0);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &err), MD_OK);
    CU_ASSERT(!md_folder_has_run(folder));
    CU_ASSERT(!exists("accuracy.png") && !exists("history.csv") && exists("notes.txt"));
    CU_ASSERT_EQUAL(step_of("previous/last.h5"), 2);
    CU_ASSERT_EQUAL(step_of("previous/best.h5"), 1);
    CU_ASSERT(exists("previous/accuracy.png") && exists("previous/history.csv"));
    CU_ASSERT(!exists("previous/rescue.h5") && exists("previous/mine.txt"));
    CU_ASSERT(!exists(".previous.moving") && !exists(".previous.placing"));
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &err), MD_OK);
    CU_ASSERT_EQUAL(step_of("previous/last.h5"), 2);
    CU_ASSERT_EQUAL(save_step(folder, 7, 0), MD_OK);
    CU_ASSERT_EQUAL(md_folder_set_aside(folder, &err), MD_OK);
    CU_ASSERT_EQUAL(step_of("previous/last.h5"), 7);
    CU_ASSERT_EQUAL(step_of("previous/last.prev.h5"), -1);
    md_folder_close(&folder);
    end();
}

/* As a death leaves it: before last.h5 moved, after it moved, and while the files were placed. */
static void an_interrupted_setting_aside_is_completed(void)
{
    const char *const deaths[] = {
        "mkdir .previous.moving && mv best.h5 history.csv .previous.moving",
        "mkdir .previous.moving && mv *.h5 history.csv .previous.moving",
        "mkdir .previous.placing previous && mv *.h5 .previous.placing && mv history.csv previous"};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        begin();
        md_folder *folder = two_saves();
        md_folder_close(&folder);
        CU_ASSERT_EQUAL(fixture_run("cd '%s' && %s", place, deaths[i]), 0);
        folder = open_place(2);
        CU_ASSERT_EQUAL(md_folder_has_run(folder), i == 0);
        CU_ASSERT_EQUAL(md_folder_set_aside(folder, &err), MD_OK);
        CU_ASSERT_EQUAL(step_of("previous/last.h5"), 2);
        CU_ASSERT_EQUAL(step_of("previous/best.h5"), 1);
        CU_ASSERT(exists("previous/history.csv"));
        CU_ASSERT(!exists(".previous.moving") && !exists(".previous.placing"));
        md_folder_close(&folder);
        end();
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
    {"folders without flock warn and go on", folders_without_flock_warn_and_go_on},
    {"parents are made, and files in the way named", parents_are_made_and_files_in_the_way_named},
    {"a file that cannot be written keeps the old ones",
     a_file_that_cannot_be_written_keeps_the_old_ones},
    {"a torn file is found before it replaces anything",
     a_torn_file_is_found_before_it_replaces_anything},
    {"a full disk keeps the old files", a_full_disk_keeps_the_old_files},
    {"a read-only folder is refused", a_read_only_folder_is_refused},
    {"death in any stage leaves a good file", death_in_any_stage_leaves_a_good_file},
    {"a save after an interrupted one rotates once", a_save_after_an_interrupted_one_rotates_once},
    {"the newest good file is found", the_newest_good_file_is_found},
    {"files but none good is an error", files_but_none_good_is_an_error},
    {"an earlier run is set aside", an_earlier_run_is_set_aside},
    {"an interrupted setting aside is completed", an_interrupted_setting_aside_is_completed},
    CU_TEST_INFO_NULL};
