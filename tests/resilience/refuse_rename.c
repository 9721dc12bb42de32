/* Put before a program with LD_PRELOAD: the first rename of a checkpoint onto last.h5 fails, as one
 * on a network file system may. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int rename(const char *from, const char *to)
{
    static int refused;
    int (*next)(const char *, const char *);
    const char *name = strrchr(to, '/');
    void *symbol = dlsym(RTLD_NEXT, "rename");
    memcpy(&next, &symbol, sizeof next);
    if (!name || strcmp(name, "/last.h5") != 0 || refused++)
        return next(from, to);
    errno = EIO;
    return -1;
}
