#include "temporary.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void require(int condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

void test_folder(char out[TEST_PATH])
{
    const char *parent = getenv("TMPDIR");
    test_path(parent ? parent : "/tmp", "mnist_dist_test.XXXXXX", out);
    require(mkdtemp(out) != NULL, out);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

void test_folder_remove(const char *folder)
{
    require(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0, folder);
}

const char *test_path(const char *folder, const char *name, char out[TEST_PATH])
{
    int length = snprintf(out, TEST_PATH, "%s/%s", folder, name);
    require(length > 0 && length < TEST_PATH, "a test's path");
    return out;
}
