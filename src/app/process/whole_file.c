#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

md_status md_fail_write(const char *path, md_error *err)
{
    return md_fail(err, MD_FAILED,
                   "%s cannot be written: %s (its folder must exist, be writable and have room)",
                   path, strerror(errno));
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
    return md_fail_write(path, err);
}

md_status md_whole_file_commit(md_whole_file *file, md_error *err)
{
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(file->fd, 0666 & ~mask) || fsync(file->fd) || rename(file->temporary, file->path))
        return md_fail_write(file->path, err);
    free(file->temporary);
    file->temporary = NULL;
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

static md_status print_into(const md_whole_file *file, md_printer print, const void *context,
                            md_error *err)
{
    int copy = dup(file->fd);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    if (!out) {
        md_status status = md_fail_write(file->path, err);
        if (copy >= 0)
            close(copy);
        return status;
    }
    print(context, out);
    int bad = fflush(out) || ferror(out);
    md_status status = bad ? md_fail_write(file->path, err) : MD_OK;
    fclose(out);
    return status;
}

md_status md_whole_file_print(const char *path, md_printer print, const void *context,
                              md_error *err)
{
    if (strcmp(path, "-") == 0) {
        print(context, stdout);
        return MD_OK;
    }
    md_whole_file file;
    md_status status = md_whole_file_open(path, &file, err);
    if (!status)
        status = print_into(&file, print, context, err);
    if (!status)
        status = md_whole_file_commit(&file, err);
    md_whole_file_drop(&file);
    return status;
}
