#include "fuzz_file.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char made_folder[MD_FUZZ_PATH];

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

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(made_folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

void md_fuzz_folder(char out[MD_FUZZ_PATH])
{
    snprintf(made_folder, sizeof made_folder, "/tmp/mnist_dist_fuzz.XXXXXX");
    md_fuzz_require(mkdtemp(made_folder) != NULL);
    atexit(remove_folder);
    memcpy(out, made_folder, sizeof made_folder);
}

void md_fuzz_name(const md_fuzz_file *file, const char *folder, const char *name)
{
    char path[2 * MD_FUZZ_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    md_fuzz_require(symlink(file->path, path) == 0);
}

void md_fuzz_require_outcome(md_status status, const md_error *err, md_status refusal)
{
    md_fuzz_require(status == MD_OK || status == refusal || status == MD_FAILED);
    if (status != MD_OK)
        md_fuzz_require(err->status == status && err->text[0] && !strchr(err->text, '\n'));
}
