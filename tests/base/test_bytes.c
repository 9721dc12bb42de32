#include "mnist_dist/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mnist_dist/base/files.h"
#include "runner.h"
#include "temporary.h"

enum { MOST = 8 };

static const md_file_kind text = {.what = "a text", .quote = "", .status = MD_USAGE, .most = MOST};
static const md_file_kind model = {.what = "a model", .quote = "'", .status = MD_BAD_CHECKPOINT};

static char folder[TEST_PATH];

static const char *in_folder(const char *name)
{
    static char path[TEST_PATH];
    return test_path(folder, name, path);
}

static const char *make(const char *name, const char *content)
{
    const char *path = in_folder(name);
    md_bytes bytes = {(unsigned char *)strdup(content), strlen(content)};
    CU_ASSERT_EQUAL_FATAL(md_bytes_write(path, &bytes, NULL), MD_OK);
    md_bytes_free(&bytes);
    return path;
}

static void expect_refusal(const char *path, const md_file_kind *kind, int was_refused,
                           const char *words)
{
    md_error err = {0};
    md_bytes bytes;
    int refused = -1;
    CU_ASSERT_EQUAL(md_bytes_read(path, kind, &bytes, &refused, &err), kind->status);
    CU_ASSERT_PTR_NULL(bytes.data);
    CU_ASSERT_EQUAL(refused, was_refused);
    if (!strstr(err.text, words)) {
        printf("\n  wanted '%s' in: %s\n", words, err.text);
        CU_FAIL("the message lacks a word");
    }
}

static void a_file_is_read_whole_and_ends_in_a_zero_byte(void)
{
    test_folder(folder);
    const md_file_kind *const kinds[] = {&text, &model};
    for (int i = 0; i < 2; i++) {
        md_bytes bytes;
        CU_ASSERT_EQUAL_FATAL(md_bytes_read(make("f", "12345678"), kinds[i], &bytes, NULL, NULL),
                              MD_OK);
        CU_ASSERT_EQUAL(bytes.size, 8);
        CU_ASSERT_STRING_EQUAL((char *)bytes.data, "12345678");
        md_bytes_free(&bytes);
    }
}

static void a_bound_is_kept(void)
{
    expect_refusal(make("f", "123456789"), &text, 0,
                   "/f is larger than 8 bytes, so it is not a text");
    expect_refusal("/dev/zero", &text, 0, "/dev/zero is larger than 8 bytes");
}

static void what_is_unfit_is_named(void)
{
    expect_refusal(make("f", ""), &model, 0, "/f' is empty");
    expect_refusal(folder, &model, 0, "' is not a regular file; give the path of a model");
    expect_refusal(folder, &text, 0, " cannot be read: Is a directory; give the path of a text");
    expect_refusal(in_folder("none"), &model, 0, "/none' cannot be opened: No such file");
    expect_refusal(in_folder("none"), &text, 0, "/none cannot be opened: No such file");
    CU_ASSERT_EQUAL_FATAL(mkfifo(in_folder("pipe"), 0600), 0);
    expect_refusal(in_folder("pipe"), &model, 0, "/pipe' is not a regular file");
    unlink(in_folder("pipe"));
}

static void a_bounded_file_may_be_empty_or_a_pipe(void)
{
    md_bytes bytes;
    int ends[2];
    char path[32];
    CU_ASSERT_EQUAL(md_bytes_read(make("f", ""), &text, &bytes, NULL, NULL), MD_OK);
    CU_ASSERT_STRING_EQUAL((char *)bytes.data, "");
    md_bytes_free(&bytes);
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    CU_ASSERT_EQUAL(write(ends[1], "piped", 5), 5);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    CU_ASSERT_EQUAL(md_bytes_read(path, &text, &bytes, NULL, NULL), MD_OK);
    CU_ASSERT_STRING_EQUAL((char *)bytes.data, "piped");
    md_bytes_free(&bytes);
    close(ends[0]);
    test_folder_remove(folder);
}

static void print_number(const void *number, FILE *out)
{
    fprintf(out, "%d\n", *(const int *)number);
}

static void what_is_printed_becomes_bytes(void)
{
    md_bytes bytes;
    CU_ASSERT_EQUAL_FATAL(md_bytes_print(print_number, &(int){42}, &bytes, NULL), MD_OK);
    CU_ASSERT(bytes.size == 3 && memcmp(bytes.data, "42\n", 3) == 0);
    md_bytes_free(&bytes);
}

/* An emulated program's file is not: the kernel runs the emulator. */
static int is_kept_busy(const char *path)
{
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file >= 0)
        close(file);
    return file < 0 && errno == ETXTBSY;
}

static void a_program_at_work_is_not_written_over(void)
{
    test_folder(folder);
    const char *path = in_folder("sleep");
    char copy[2 * TEST_PATH];
    snprintf(copy, sizeof copy, "cp /bin/sleep '%s'", path);
    CU_ASSERT_EQUAL_FATAL(system(copy), 0); /* NOLINT(cert-env33-c): the test's own words */
    int ready[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ready, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        execl(path, path, "100", (char *)NULL);
        _exit(1);
    }
    char byte;
    close(ready[1]);
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 0); /* closed by its exec */
    close(ready[0]);
    md_error err = {0};
    const md_bytes bytes = {(unsigned char *)"x", 1};
    if (is_kept_busy(path)) {
        CU_ASSERT_EQUAL(md_bytes_write(path, &bytes, &err), MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Text file busy; a program runs from that file"));
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    test_folder_remove(folder);
}

/* Each has a cure of its own. */
static void causes_have_cures(void)
{
    const int reasons[] = {ETXTBSY, EFBIG, EMFILE, ENFILE, ENOSPC, EROFS, EACCES, ENOENT, EIO};
    enum { REASONS = sizeof reasons / sizeof *reasons };
    for (size_t i = 0; i < REASONS; i++)
        for (size_t k = 0; k < i; k++)
            CU_ASSERT_STRING_NOT_EQUAL(md_files_cure(reasons[i]), md_files_cure(reasons[k]));
    CU_ASSERT_PTR_NOT_NULL(strstr(md_files_cure(EFBIG), "ulimit -f"));
    CU_ASSERT_PTR_NOT_NULL(strstr(md_files_cure(EMFILE), "ulimit -n"));
}

const char md_suite[] = "base.bytes";
CU_TestInfo md_tests[] = {
    {"a file is read whole and ends in a zero byte", a_file_is_read_whole_and_ends_in_a_zero_byte},
    {"a bound is kept", a_bound_is_kept},
    {"what is unfit is named", what_is_unfit_is_named},
    {"a bounded file may be empty or a pipe", a_bounded_file_may_be_empty_or_a_pipe},
    {"what is printed becomes bytes", what_is_printed_becomes_bytes},
    {"a program at work is not written over", a_program_at_work_is_not_written_over},
    {"causes have cures", causes_have_cures},
    CU_TEST_INFO_NULL};
