#include "mnist_dist/base/whole_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"
#include "temporary.h"

static char folder[TEST_PATH], path[TEST_PATH];

static int files_in_folder(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void make_folder(void)
{
    test_folder(folder);
    test_path(folder, "file", path);
}

static void a_file_appears_when_it_is_whole(void)
{
    make_folder();
    umask(027);
    md_whole_file file;
    CU_ASSERT_EQUAL_FATAL(md_whole_file_open(path, &file, NULL), MD_OK);
    CU_ASSERT_EQUAL(write(file.fd, "whole", 5), 5);
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
    CU_ASSERT_EQUAL(md_whole_file_commit(&file, NULL), MD_OK);
    md_whole_file_drop(&file);
    struct stat info;
    CU_ASSERT_EQUAL_FATAL(stat(path, &info), 0);
    CU_ASSERT_EQUAL(info.st_size, 5);
    CU_ASSERT_EQUAL(info.st_mode & 0777, 0640);
}

static void what_is_dropped_leaves_nothing(void)
{
    md_whole_file file;
    CU_ASSERT_EQUAL_FATAL(md_whole_file_open(path, &file, NULL), MD_OK);
    CU_ASSERT_EQUAL(write(file.fd, "half", 4), 4);
    md_whole_file_drop(&file);
    struct stat info;
    CU_ASSERT_EQUAL(stat(path, &info), 0);
    CU_ASSERT_EQUAL(info.st_size, 5);
    CU_ASSERT_EQUAL(files_in_folder(), 1);
}

static void print_text(const void *text, FILE *out)
{
    fputs(text, out);
}

static void expect_content(const char *expected)
{
    static const md_file_kind kind = {.what = "a file", .quote = "", .status = MD_FAILED};
    md_bytes bytes;
    CU_ASSERT_EQUAL_FATAL(md_bytes_read(path, &kind, &bytes, NULL, NULL), MD_OK);
    CU_ASSERT_STRING_EQUAL((char *)bytes.data, expected);
    md_bytes_free(&bytes);
}

static void bytes_and_prints_replace_what_was_there(void)
{
    char temporary[TEST_PATH];
    test_path(folder, ".other", temporary);
    CU_ASSERT_EQUAL(md_whole_file_write(path, &(md_bytes){(unsigned char *)"bytes", 5}, NULL),
                    MD_OK);
    expect_content("bytes");
    CU_ASSERT_EQUAL(md_whole_file_print(path, print_text, "printed", NULL), MD_OK);
    expect_content("printed");
    CU_ASSERT_EQUAL(md_whole_file_replace(path, temporary, print_text, "replaced", NULL), MD_OK);
    expect_content("replaced");
    CU_ASSERT_EQUAL(files_in_folder(), 1);
}

static void what_cannot_be_put_in_place_leaves_nothing(void)
{
    char temporary[TEST_PATH];
    md_error err = {0};
    test_path(folder, ".other", temporary);
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0777), 0);
    CU_ASSERT_EQUAL(md_whole_file_replace(path, temporary, print_text, "text", &err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cannot be written: Is a directory"));
    CU_ASSERT_EQUAL(md_whole_file_print(path, print_text, "text", &err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cannot be written: Is a directory"));
    CU_ASSERT_EQUAL(files_in_folder(), 1);
    test_folder_remove(folder);
}

static void a_folder_that_is_not_there_is_named(void)
{
    md_whole_file file;
    md_error err = {0};
    CU_ASSERT_EQUAL(md_whole_file_open("/proc/nowhere/at/all", &file, &err), MD_FAILED);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(err.text, "/proc/nowhere/at/all cannot be written: No such file"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "its folder must exist"));
    md_whole_file_drop(&file);
}

const char md_suite[] = "base.whole_file";
CU_TestInfo md_tests[] = {
    {"a file appears when it is whole", a_file_appears_when_it_is_whole},
    {"what is dropped leaves nothing", what_is_dropped_leaves_nothing},
    {"bytes and prints replace what was there", bytes_and_prints_replace_what_was_there},
    {"what cannot be put in place leaves nothing", what_cannot_be_put_in_place_leaves_nothing},
    {"a folder that is not there is named", a_folder_that_is_not_there_is_named},
    CU_TEST_INFO_NULL};
