#include "mnist_dist/base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/files.h"

static md_status fail(const char *path, int reason, md_error *err)
{
    return md_fail(
        err, MD_FAILED,
        "%s cannot be written: %s (its folder must exist, be writable and have room); %s", path,
        strerror(reason), md_files_cure(reason));
}

md_status md_whole_file_open(const char *path, md_whole_file *out, md_error *err)
{
    *out = (md_whole_file){.path = path, .fd = -1};
    if (asprintf(&out->temporary, "%s.XXXXXX", path) < 0) {
        out->temporary = NULL;
        return md_fail_memory(err, "a file name", strlen(path));
    }
    out->fd = mkostemp(out->temporary, O_CLOEXEC);
    if (out->fd >= 0)
        return MD_OK;
    free(out->temporary);
    out->temporary = NULL;
    return fail(path, errno, err);
}

static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    md_files_sync_folder(folder);
}

md_status md_whole_file_commit(md_whole_file *file, md_error *err)
{
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(file->fd, 0666 & ~mask) || fsync(file->fd) || rename(file->temporary, file->path))
        return fail(file->path, errno, err);
    free(file->temporary);
    file->temporary = NULL;
    sync_folder_of(file->path);
    return MD_OK;
}

void md_whole_file_drop(md_whole_file *file)
{
    if (file->temporary)
        unlink(file->temporary);
    if (file->fd >= 0)
        close(file->fd);
    free(file->temporary);
    *file = (md_whole_file){.fd = -1};
}

md_status md_whole_file_write(const char *path, const md_bytes *bytes, md_error *err)
{
    md_whole_file file;
    md_status status = md_whole_file_open(path, &file, err);
    if (!status && md_bytes_put(file.fd, bytes) != 0)
        status = fail(path, errno, err);
    if (!status)
        status = md_whole_file_commit(&file, err);
    md_whole_file_drop(&file);
    return status;
}

md_status md_whole_file_print(const char *path, md_printer print, const void *context,
                              md_error *err)
{
    md_bytes bytes;
    md_status status = md_bytes_print(print, context, &bytes, err);
    if (!status)
        status = md_whole_file_write(path, &bytes, err);
    md_bytes_free(&bytes);
    return status;
}

/* 0, or what errno says; nothing is left at `temporary` then. */
static int replace(const char *path, const char *temporary, const md_bytes *bytes)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    int failed = md_bytes_put(fd, bytes) != 0 ? errno : 0;
    if (close(fd) != 0 && !failed)
        failed = errno;
    if (!failed && rename(temporary, path) != 0)
        failed = errno;
    if (failed)
        unlink(temporary);
    return failed;
}

md_status md_whole_file_replace(const char *path, const char *temporary, md_printer print,
                                const void *context, md_error *err)
{
    md_bytes bytes;
    md_status status = md_bytes_print(print, context, &bytes, err);
    int failed = status ? 0 : replace(path, temporary, &bytes);
    if (failed)
        status = fail(path, failed, err);
    md_bytes_free(&bytes);
    return status;
}
