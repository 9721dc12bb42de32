#include "fuzz_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char made_folder[TEST_PATH];

void md_fuzz_require(int truth)
{
    if (!truth)
        abort();
}

md_fuzz_file md_fuzz_create(void)
{
    md_fuzz_file file = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    md_fuzz_require(file.fd >= 0);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    return file;
}

void md_fuzz_fill(const md_fuzz_file *file, const void *bytes, size_t size)
{
    md_fuzz_require(ftruncate(file->fd, 0) == 0);
    md_fuzz_require(pwrite(file->fd, bytes, size, 0) == (ssize_t)size);
}

static void remove_folder(void)
{
    test_folder_remove(made_folder);
}

void md_fuzz_folder(char out[TEST_PATH])
{
    test_folder(made_folder);
    atexit(remove_folder);
    memcpy(out, made_folder, sizeof made_folder);
}

void md_fuzz_name(const md_fuzz_file *file, const char *folder, const char *name)
{
    char path[TEST_PATH];
    md_fuzz_require(symlink(file->path, test_path(folder, name, path)) == 0);
}

void md_fuzz_require_outcome(md_status status, const md_error *err, md_status refusal)
{
    md_fuzz_require(status == MD_OK || status == refusal || status == MD_FAILED);
    if (status != MD_OK)
        md_fuzz_require(err->status == status && err->text[0] && !strchr(err->text, '\n'));
}
