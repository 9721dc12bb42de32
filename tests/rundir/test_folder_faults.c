/* Saves that fail, and processes that die in one: what is left in the folder. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist_dist/checkpoint/encoding.h"
#include "mnist_dist/hdf5/seal.h"
#include "place.h"
#include "runner.h"

/* The state after a save that must not have happened: the old files whole, no temporary. */
static void check_old_state(md_folder *folder, const char *words)
{
    CU_ASSERT_EQUAL(place_err.status, MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, words));
    CU_ASSERT_PTR_NULL(strstr(place_err.text, "earlier file"));
    CU_ASSERT_EQUAL(place_step("last.h5"), 2);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 1);
    CU_ASSERT_EQUAL(place_step("best.h5"), 1);
    CU_ASSERT(place_is_clean());
    CU_ASSERT_EQUAL(place_save(folder, 4, 1), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.h5"), 4);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 2);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_file_that_cannot_be_written_keeps_the_old_ones(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(10000);
    CU_ASSERT_EQUAL(place_save(folder, 3, 1), MD_FAILED);
    limit_file_size(RLIM_INFINITY);
    check_old_state(folder, "File too large; raise the limit on the size of files (ulimit -f)");
    md_folder_close(&folder);
    place_end();
}

static void tear(const char *stage, const char *temporary, void *context)
{
    if (strcmp(stage, context) == 0 && truncate(temporary, 20000) != 0)
        CU_FAIL("cannot tear the file");
}

static void a_torn_file_is_found_before_it_replaces_anything(void)
{
    place_begin();
    md_folder *folder = place_two_saves();
    md_folder_set_hook(folder, tear, "verify");
    CU_ASSERT_EQUAL(place_save(folder, 3, 1), MD_FAILED);
    md_folder_set_hook(folder, NULL, NULL);
    check_old_state(folder, "cannot be read back");
    md_folder_close(&folder);
    place_end();
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
    place_begin();
    if (!mount_small(0, 256)) {
        printf("skipped: no permission to mount; ");
        place_end();
        return;
    }
    md_folder *folder = place_two_saves();
    CU_ASSERT_EQUAL(fixture_run("dd if=/dev/zero of='%s/filler' bs=1k 2>/dev/null", place), 1);
    CU_ASSERT_EQUAL(place_save(folder, 3, 1), MD_FAILED);
    CU_ASSERT_EQUAL(fixture_run("rm '%s/filler'", place), 0);
    check_old_state(folder, "No space left on device");
    md_folder_close(&folder);
    CU_ASSERT_EQUAL(umount(place), 0);
    place_end();
}

static void a_read_only_folder_is_refused(void)
{
    place_begin();
    if (!mount_small(MS_RDONLY, 256)) {
        printf("skipped: no permission to mount; ");
        place_end();
        return;
    }
    md_folder *folder;
    CU_ASSERT_EQUAL(md_folder_open(place, 2, 0.0, NULL, &folder, &place_err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "Read-only file system"));
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "--output"));
    CU_ASSERT_EQUAL(umount(place), 0);
    place_end();
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
    place_begin();
    md_folder *folder = place_two_saves();
    md_folder_close(&folder);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (md_folder_open(place, 2, 0.0, NULL, &folder, NULL))
            _exit(1);
        md_folder_set_hook(folder, die, (void *)stage);
        place_save(folder, 3, 1);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CU_ASSERT_EQUAL(place_step("last.h5"), expected);
    CU_ASSERT(place_step("last.prev.h5") >= 1);
    CU_ASSERT(place_step("best.h5") >= 1);
    folder = place_open(2);
    CU_ASSERT(place_is_clean());
    md_checkpoint *c;
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_OK);
    CU_ASSERT_EQUAL(c->at.step - 107, expected);
    md_checkpoint_destroy(&c);
    CU_ASSERT_EQUAL(place_save(folder, 4, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), expected);
    CU_ASSERT_EQUAL(place_lines, 0);
    md_folder_close(&folder);
    place_end();
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
    place_begin();
    md_folder *folder = place_open(3);
    for (int step = 1; step <= 3; step++)
        place_save(folder, step, 0);
    CU_ASSERT_EQUAL(fixture_run("cd '%s' && mv last.prev.h5 last.prev2.h5 && ln last.h5 "
                                "last.prev.h5",
                                place),
                    0);
    CU_ASSERT_EQUAL(place_save(folder, 4, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 3);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), 2);
    md_folder_close(&folder);
    place_end();
}

/* Resumes and dies in the next save, when everything but the last rename is done. */
static void resume_and_die(int keep)
{
    md_folder *folder;
    md_checkpoint *c = NULL;
    if (md_folder_open(place, keep, 0.0, NULL, &folder, NULL) ||
        md_folder_newest(folder, &c, NULL, 0, NULL) || !c)
        _exit(1);
    md_folder_set_hook(folder, die, "rename");
    place_save(folder, c->at.step - 107 + 10, 0);
    _exit(0);
}

static int64_t newest_step(md_folder *folder)
{
    md_checkpoint *c = NULL;
    CU_ASSERT_EQUAL_FATAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    int64_t step = c->at.step - 107;
    md_checkpoint_destroy(&c);
    return step;
}

static int count_good(void)
{
    static const char *const names[] = {"last.h5", "last.prev.h5", "last.prev2.h5",
                                        "last.prev3.h5"};
    int good = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        good += place_step(names[i]) > 0;
    return good;
}

/* Saves 1 to 3, of which those in `damaged` (bit 0: last.h5) do not verify. */
static void make_damaged(unsigned damaged)
{
    static const char *const names[] = {"last.h5", "last.prev.h5", "last.prev2.h5"};
    md_folder *folder = place_open(3);
    for (int step = 1; step <= 3; step++)
        CU_ASSERT_EQUAL(place_save(folder, step, 0), MD_OK);
    md_folder_close(&folder);
    for (unsigned i = 0; i < 3; i++)
        if (damaged >> i & 1)
            place_damage(names[i]);
}

/* The run resumes, dies in its first save, resumes again and saves `keep` times. */
static void go_on_from_damage(unsigned damaged, int keep)
{
    place_begin();
    make_damaged(damaged);
    const int good = count_good();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        resume_and_die(keep);
    int status;
    waitpid(child, &status, 0);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CU_ASSERT(count_good() >= (good < keep ? good : keep));
    md_folder *folder = place_open(keep);
    int64_t step = newest_step(folder);
    CU_ASSERT(step >= 1);
    for (int saves = 1; saves <= keep; saves++) {
        CU_ASSERT_EQUAL(place_save(folder, step + saves, 0), MD_OK);
        CU_ASSERT(count_good() >= (good + 1 < keep ? good + 1 : keep));
    }
    CU_ASSERT_EQUAL(count_good(), keep);
    CU_ASSERT_EQUAL(place_step("last.h5"), step + keep);
    CU_ASSERT(keep < 2 || place_step("last.prev.h5") == step + keep - 1);
    CU_ASSERT(keep < 3 || place_step("last.prev2.h5") == step + keep - 2);
    md_folder_close(&folder);
    place_end();
}

static void damaged_files_never_push_out_good_ones(void)
{
    for (unsigned damaged = 0; damaged < 7; damaged++)
        for (int keep = 1; keep <= 3; keep++)
            go_on_from_damage(damaged, keep);
}

/* What a failed save has rotated must be known to the next one. */
static void a_failed_save_forgets_no_damage(void)
{
    place_begin();
    make_damaged(3);
    md_folder *folder = place_open(2);
    CU_ASSERT_EQUAL(newest_step(folder), 1);
    md_folder_set_hook(folder, tear, "verify");
    CU_ASSERT_EQUAL(place_save(folder, 8, 0), MD_FAILED);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), 1);
    md_folder_set_hook(folder, NULL, NULL);
    CU_ASSERT_EQUAL(place_save(folder, 9, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), 1);
    CU_ASSERT_EQUAL(place_save(folder, 10, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 9);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), -1);
    md_folder_close(&folder);
    place_end();
}

/* The run goes on from a rescue; nothing that is good is worth less for that. */
static void a_rescue_outlives_damaged_saves(void)
{
    place_begin();
    make_damaged(7);
    md_checkpoint *c = place_checkpoint(8);
    CU_ASSERT_EQUAL(md_folder_save_rescue(place, c, &place_err), MD_OK);
    md_checkpoint_destroy(&c);
    md_folder *folder = place_open(2);
    CU_ASSERT_EQUAL(newest_step(folder), 8);
    CU_ASSERT_EQUAL(place_save(folder, 9, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("rescue.h5"), 8);
    CU_ASSERT_EQUAL(place_save(folder, 10, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 9);
    md_folder_close(&folder);
    place_end();
}

/* Changes the text of a file's last run and seals it anew: the bytes are as they were saved, and
 * only decoding finds that they do not fit together. */
static void forge_seal(const char *name)
{
    char path[TEST_PATH];
    md_bytes bytes;
    CU_ASSERT_EQUAL_FATAL(
        md_bytes_read(test_path(place, name, path), &md_checkpoint_file, &bytes, NULL, NULL),
        MD_OK);
    CU_ASSERT(md_seal_check(&bytes, &bytes.size));
    char *hosts = memmem(bytes.data, bytes.size, "node1 node2", 11);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hosts);
    *hosts = 'm';
    CU_ASSERT_EQUAL_FATAL(md_seal_append(&bytes, NULL), MD_OK);
    unlink(path);
    CU_ASSERT_EQUAL(md_bytes_write(path, &bytes, NULL), MD_OK);
    md_bytes_free(&bytes);
}

static void a_sealed_file_that_proves_bad_gives_way_to_the_next(void)
{
    place_begin();
    md_folder *folder = place_open(3);
    md_checkpoint *c = NULL;
    char name[TEST_PATH];
    for (int step = 1; step <= 3; step++)
        CU_ASSERT_EQUAL(place_save(folder, step, 0), MD_OK);
    forge_seal("last.h5");
    CU_ASSERT_EQUAL_FATAL(md_folder_newest(folder, &c, name, sizeof name, &place_err), MD_OK);
    CU_ASSERT_EQUAL(c->at.step - 107, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(name, "/last.prev.h5"));
    CU_ASSERT_EQUAL(place_lines, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_said, "/last.h5': damaged: @state_xxh3"));
    md_checkpoint_destroy(&c);
    CU_ASSERT_EQUAL(place_save(folder, 4, 0), MD_OK);
    CU_ASSERT_EQUAL(place_step("last.prev.h5"), 2);
    CU_ASSERT_EQUAL(place_step("last.prev2.h5"), 1);
    forge_seal("last.prev.h5");
    forge_seal("last.prev2.h5");
    forge_seal("last.h5");
    CU_ASSERT_EQUAL(md_folder_newest(folder, &c, NULL, 0, &place_err), MD_BAD_CHECKPOINT);
    CU_ASSERT_PTR_NULL(c);
    CU_ASSERT_PTR_NOT_NULL(strstr(place_err.text, "none of the 3 checkpoints"));
    md_folder_close(&folder);
    place_end();
}

const char md_suite[] = "rundir.folder_faults";
CU_TestInfo md_tests[] = {
    {"a file that cannot be written keeps the old ones",
     a_file_that_cannot_be_written_keeps_the_old_ones},
    {"a torn file is found before it replaces anything",
     a_torn_file_is_found_before_it_replaces_anything},
    {"a full disk keeps the old files", a_full_disk_keeps_the_old_files},
    {"a read-only folder is refused", a_read_only_folder_is_refused},
    {"death in any stage leaves a good file", death_in_any_stage_leaves_a_good_file},
    {"a save after an interrupted one rotates once", a_save_after_an_interrupted_one_rotates_once},
    {"damaged files never push out good ones", damaged_files_never_push_out_good_ones},
    {"a failed save forgets no damage", a_failed_save_forgets_no_damage},
    {"a rescue outlives damaged saves", a_rescue_outlives_damaged_saves},
    {"a sealed file that proves bad gives way to the next",
     a_sealed_file_that_proves_bad_gives_way_to_the_next},
    CU_TEST_INFO_NULL};
