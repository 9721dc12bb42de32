#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

md_status md_file_open(const char *path, int *fd, uint64_t *size, md_error *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return md_fail(err, MD_BAD_DATA, "%s: cannot be opened (%s); check the path and its rights",
                       path, strerror(errno));
    struct stat info;
    if (fstat(*fd, &info) == 0 && S_ISREG(info.st_mode)) {
        *size = (uint64_t)info.st_size;
        return MD_OK;
    }
    close(*fd);
    *fd = -1;
    return md_fail(err, MD_BAD_DATA, "%s: is not a regular file; give the name of a file", path);
}
