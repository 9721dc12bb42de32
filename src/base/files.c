#include "mnist_dist/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/log.h"

void md_files_join(const char *folder, const char *name, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        out[PATH_MAX - 1] = '\0';
}

const char *md_files_cure(int reason)
{
    switch (reason) {
    case EACCES:
    case EPERM:
        return "check its permissions";
    case EROFS:
        return "choose a place that can be written";
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return "check the path";
    case ENOSPC:
    case EDQUOT:
        return "free space there or choose another place";
    case EFBIG:
        return "raise the limit on the size of files (ulimit -f) or choose another file system";
    case EMFILE:
        return "raise the limit on open files (ulimit -n)";
    case ENFILE:
        return "the machine has no open files left, so end other programs there";
    case ETXTBSY:
        return "a program runs from that file, so end it or choose another name";
    default:
        return "check the disk, and try again";
    }
}

int md_files_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

int md_files_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

md_status md_folder_make(const char *path, md_error *err)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part)
        return md_fail(err, MD_FAILED, "'%.200s' cannot be a folder's name; choose another", path);
    for (size_t end = 1; end <= length; end++) {
        if (path[end] != '/' && path[end] != '\0')
            continue;
        memcpy(part, path, end);
        part[end] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return md_fail(err, MD_FAILED,
                           "folder '%s' cannot be made: %s; %s, or choose another with --output",
                           part, strerror(errno), md_files_cure(errno));
    }
    return MD_OK;
}

void md_files_sync_folder(const char *path)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int failed = folder < 0 || fsync(folder) != 0, reason = errno;
    if (folder >= 0)
        close(folder);
    md_beat();
    if (failed && !atomic_flag_test_and_set(&said))
        md_warn("folder '%s' cannot be synced (%s): the files in it are whole, but should the "
                "machine crash, the newest may be missing",
                path, strerror(reason));
}

md_status md_files_rename(const char *from, const char *to, md_error *err)
{
    const int failed = rename(from, to) != 0;
    md_beat();
    if (!failed)
        return MD_OK;
    return md_fail(err, MD_FAILED,
                   "'%s' cannot be renamed to '%s': %s; %s, or choose another folder with --output",
                   from, to, strerror(errno),
                   errno == EISDIR ? "remove that folder" : md_files_cure(errno));
}

static int links_unsupported(int reason)
{
    return reason == EPERM || reason == ENOTSUP || reason == ENOSYS || reason == EMLINK;
}

static md_status copy(const char *from, const char *to, md_error *err)
{
    static const md_file_kind kind = {.what = "a file", .quote = "'", .status = MD_FAILED};
    md_bytes bytes;
    md_status status = md_bytes_read(from, &kind, &bytes, NULL, err);
    if (!status)
        status = md_bytes_write(to, &bytes, err);
    md_bytes_free(&bytes);
    return status;
}

md_status md_files_alias(const char *from, const char *temporary, const char *to, md_error *err)
{
    md_status status = MD_OK;
    struct stat info;
    if (lstat(from, &info) == 0 && S_ISDIR(info.st_mode))
        return md_fail(err, MD_FAILED,
                       "'%s' is a folder; remove it or choose another with --output", from);
    unlink(temporary);
    if (link(from, temporary) != 0)
        status =
            links_unsupported(errno)
                ? copy(from, temporary, err)
                : md_fail(err, MD_FAILED,
                          "'%s' cannot be linked to '%s': %s; %s, or choose another folder with "
                          "--output",
                          from, temporary, strerror(errno), md_files_cure(errno));
    if (!status)
        status = md_files_rename(temporary, to, err);
    unlink(temporary); /* renaming onto another name of the same file leaves both */
    return status;
}
