#include "mnist_dist/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/files.h"

/* What even a slow disk takes in a few seconds. */
enum { PART = 16 << 20 };

static size_t part_of(size_t left)
{
    return left < PART ? left : PART;
}

static int is_absent(int reason)
{
    return reason == ENOENT || reason == ENOTDIR || reason == ELOOP || reason == ENAMETOOLONG;
}

/* What errno says of a call on the file. */
static md_status refuse(const char *path, const md_file_kind *kind, const char *call, int *refused,
                        md_error *err)
{
    const int reason = errno, absent = is_absent(reason), folder = reason == EISDIR;
    const char *quote = kind->quote;
    if (reason == ENOMEM)
        return md_fail(err, MD_FAILED,
                       "%s%s%s cannot be %s: out of memory; use fewer ranks per node", quote, path,
                       quote, call);
    if (refused)
        *refused = !absent && !folder;
    return md_fail(err, kind->status, "%s%s%s cannot be %s: %s; %s%s", quote, path, quote, call,
                   strerror(reason), folder ? "give the path of " : md_files_cure(reason),
                   folder ? kind->what : "");
}

static md_status check_size(const char *path, const md_file_kind *kind, uint64_t size,
                            md_error *err)
{
    if (!kind->most && size == 0)
        return md_fail(err, kind->status, "%s%s%s is empty; use an earlier file", kind->quote, path,
                       kind->quote);
    if (kind->most && size > kind->most)
        return md_fail(err, kind->status, "%s%s%s is larger than %zu bytes, so it is not %s",
                       kind->quote, path, kind->quote, kind->most, kind->what);
    return MD_OK;
}

md_status md_file_open(const char *path, const md_file_kind *kind, int *fd, uint64_t *size,
                       int *refused, md_error *err)
{
    /* Without O_NONBLOCK a pipe by that name would block for ever. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | (kind->most ? 0 : O_NONBLOCK));
    if (refused)
        *refused = 0;
    if (*fd < 0)
        return refuse(path, kind, "opened", refused, err);
    struct stat info;
    md_status status = MD_OK;
    if (fstat(*fd, &info) != 0)
        status = refuse(path, kind, "read", refused, err);
    else if (!kind->most && !S_ISREG(info.st_mode))
        status = md_fail(err, kind->status, "%s%s%s is not a regular file; give the path of %s",
                         kind->quote, path, kind->quote, kind->what);
    if (!status) {
        *size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
        return MD_OK;
    }
    close(*fd);
    *fd = -1;
    return status;
}

/* Up to out->size bytes; fewer when the file ends before: its reader will see it torn. */
static int read_all(int file, md_bytes *out)
{
    size_t done = 0;
    while (done < out->size) {
        ssize_t got = read(file, out->data + done, part_of(out->size - done));
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        done += got > 0 ? (size_t)got : 0;
        md_beat();
    }
    out->size = done;
    out->data[done] = '\0';
    return 0;
}

static md_status read_open(int file, uint64_t size, const char *path, const md_file_kind *kind,
                           md_bytes *out, int *refused, md_error *err)
{
    md_status status = check_size(path, kind, size, err);
    if (status)
        return status;
    out->size = kind->most ? kind->most + 1 : size; /* a byte more than `most` shows */
    out->data = malloc(out->size + 1);
    if (!out->data)
        return md_fail_memory(err, path, out->size + 1);
    if (read_all(file, out) != 0)
        return refuse(path, kind, "read", refused, err);
    return check_size(path, kind, out->size, err);
}

md_status md_bytes_read(const char *path, const md_file_kind *kind, md_bytes *out, int *refused,
                        md_error *err)
{
    int file = -1;
    uint64_t size = 0;
    *out = (md_bytes){0};
    md_status status = md_file_open(path, kind, &file, &size, refused, err);
    if (status)
        return status;
    status = read_open(file, size, path, kind, out, refused, err);
    close(file);
    if (status)
        md_bytes_free(out);
    return status;
}

md_status md_bytes_print(md_printer print, const void *context, md_bytes *out, md_error *err)
{
    char *text = NULL;
    size_t size = 0;
    *out = (md_bytes){0};
    FILE *stream = open_memstream(&text, &size);
    if (stream) {
        print(context, stream);
        int bad = ferror(stream);
        if (fclose(stream) == 0 && !bad) {
            *out = (md_bytes){(unsigned char *)text, size};
            return MD_OK;
        }
    }
    free(text);
    return md_fail_memory(err, "a file's text", size);
}

int md_bytes_put(int file, const md_bytes *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t put = write(file, bytes->data + done, part_of(bytes->size - done));
        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0)
            done += (size_t)put;
        md_beat();
    }
    return 0;
}

/* Part by part, so that no one wait for the disk is as long as the file. */
static int put_on_disk(int file, const md_bytes *bytes)
{
    size_t done = 0;
    do {
        const md_bytes part = {bytes->data + done, part_of(bytes->size - done)};
        if (md_bytes_put(file, &part) != 0 || fsync(file) != 0)
            return -1;
        md_beat();
        done += part.size;
    } while (done < bytes->size);
    return 0;
}

md_status md_bytes_write(const char *path, const md_bytes *bytes, md_error *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return md_fail(err, MD_FAILED, "'%s' cannot be created: %s; %s, or choose another folder",
                       path, strerror(errno), md_files_cure(errno));
    int failed = put_on_disk(file, bytes) != 0 ? errno : 0;
    if (close(file) != 0 && !failed)
        failed = errno; /* NFS reports a full disk here */
    if (!failed)
        return MD_OK;
    unlink(path);
    return md_fail(err, MD_FAILED, "'%s' cannot be written: %s; %s", path, strerror(failed),
                   md_files_cure(failed));
}

void md_bytes_free(md_bytes *bytes)
{
    free(bytes->data);
    *bytes = (md_bytes){0};
}
