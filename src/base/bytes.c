#include "mnist_dist/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int file, md_bytes *out)
{
    for (size_t done = 0; done < out->size;) {
        ssize_t got = read(file, out->data + done, out->size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            out->size = done; /* the file shrank meanwhile; its reader will see it torn */
        done += (size_t)got;
    }
    return 0;
}

static int is_absent(int reason)
{
    return reason == ENOENT || reason == ENOTDIR || reason == ELOOP || reason == ENAMETOOLONG;
}

/* What errno says of a call on the file. */
static md_status refuse(const char *path, const char *what, int *refused, md_error *err)
{
    const int reason = errno;
    if (reason == ENOMEM)
        return md_fail(err, MD_FAILED, "'%s' cannot be %s: out of memory; use fewer ranks per node",
                       path, what);
    *refused = !is_absent(reason);
    return md_fail(
        err, MD_BAD_CHECKPOINT, "'%s' cannot be %s: %s; %s", path, what, strerror(reason),
        *refused ? "check its permissions and the disk, and try again" : "check the path");
}

static md_status read_open(int file, const char *path, md_bytes *out, int *refused, md_error *err)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return refuse(path, "read", refused, err);
    if (!S_ISREG(info.st_mode))
        return md_fail(err, MD_BAD_CHECKPOINT, "'%s' is not a file; give the path of a .h5 file",
                       path);
    if (info.st_size == 0)
        return md_fail(err, MD_BAD_CHECKPOINT, "'%s' is empty; use an earlier file", path);
    out->size = (size_t)info.st_size;
    out->data = malloc(out->size);
    if (!out->data)
        return md_fail_memory(err, path, out->size);
    return read_all(file, out) == 0 ? MD_OK : refuse(path, "read", refused, err);
}

md_status md_bytes_try(const char *path, md_bytes *out, int *refused, md_error *err)
{
    *out = (md_bytes){0};
    *refused = 0;
    /* Without O_NONBLOCK a pipe by that name would block for ever. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return refuse(path, "opened", refused, err);
    md_status status = read_open(file, path, out, refused, err);
    close(file);
    if (status)
        md_bytes_free(out);
    return status;
}

md_status md_bytes_read(const char *path, md_bytes *out, md_error *err)
{
    int refused;
    return md_bytes_try(path, out, &refused, err);
}

static int write_all(int file, const md_bytes *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t put = write(file, bytes->data + done, bytes->size - done);
        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0)
            done += (size_t)put;
    }
    return fsync(file);
}

md_status md_bytes_write(const char *path, const md_bytes *bytes, md_error *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return md_fail(err, MD_FAILED, "'%s' cannot be created: %s; choose another folder", path,
                       strerror(errno));
    int failed = write_all(file, bytes) != 0 ? errno : 0;
    if (close(file) != 0 && !failed)
        failed = errno; /* NFS reports a full disk here */
    if (!failed)
        return MD_OK;
    unlink(path);
    return md_fail(err, MD_FAILED,
                   "'%s' cannot be written: %s; free space there or choose another folder", path,
                   strerror(failed));
}

void md_bytes_free(md_bytes *bytes)
{
    free(bytes->data);
    *bytes = (md_bytes){0};
}
