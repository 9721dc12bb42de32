/* Put before a program with LD_PRELOAD: a slow machine, made of a fast one. Each call that MD_SLOW
 * names ("read write") first sleeps MD_SLOW_MS; those on files only where the file lies below
 * MD_SLOW_BELOW, of memcpy those of MD_SLOW_SIZE bytes. With MD_SLOW_STOP=RANK:N that rank stops at
 * its Nth such call, by SIGSTOP. */
#include <dlfcn.h>
#include <limits.h>
#include <mpi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int rank(void)
{
    int initialized, number = -1;
    MPI_Initialized(&initialized);
    if (initialized)
        MPI_Comm_rank(MPI_COMM_WORLD, &number);
    return number;
}

static void sleep_or_stop(const char *name)
{
    static _Atomic int calls;
    const char *names = getenv("MD_SLOW"), *stop = getenv("MD_SLOW_STOP"),
               *ms = getenv("MD_SLOW_MS");
    const char *found = names ? strstr(names, name) : NULL;
    const char after = found ? found[strlen(name)] : 'x';
    int stopping_rank, stopping_call;
    if ((after != ' ' && after != '\0') || (found > names && found[-1] != ' '))
        return;
    const int call = atomic_fetch_add(&calls, 1) + 1;
    if (stop && sscanf(stop, "%d:%d", &stopping_rank, &stopping_call) == 2 &&
        call == stopping_call && rank() == stopping_rank)
        raise(SIGSTOP);
    const long wait = ms ? strtol(ms, NULL, 10) : 0;
    const struct timespec time = {wait / 1000, wait % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void slow_path(const char *name, const char *path)
{
    const char *below = getenv("MD_SLOW_BELOW");
    if (below && strncmp(path, below, strlen(below)) == 0)
        sleep_or_stop(name);
}

static void slow_file(const char *name, int file)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t size = getenv("MD_SLOW_BELOW") ? readlink(link, path, sizeof path - 1) : -1;
    path[size > 0 ? size : 0] = '\0';
    slow_path(name, path);
}

#define REAL(name) (__extension__(__typeof__(&(name))) dlsym(RTLD_NEXT, #name))

ssize_t read(int file, void *data, size_t size)
{
    slow_file("read", file);
    return REAL(read)(file, data, size);
}

ssize_t pread(int file, void *data, size_t size, off_t offset)
{
    slow_file("pread", file);
    return REAL(pread)(file, data, size, offset);
}

ssize_t write(int file, const void *data, size_t size)
{
    slow_file("write", file);
    return REAL(write)(file, data, size);
}

int fsync(int file)
{
    slow_file("fsync", file);
    return REAL(fsync)(file);
}

int rename(const char *from, const char *to)
{
    slow_path("rename", to);
    return REAL(rename)(from, to);
}

/* Of a sample's features where MD_SLOW_SIZE is their bytes, on their way into a batch. */
void *memcpy(void *to, const void *from, size_t size)
{
    static size_t slow_size = SIZE_MAX;
    if (slow_size == SIZE_MAX) {
        const char *bytes = getenv("MD_SLOW_SIZE");
        slow_size = bytes ? strtoul(bytes, NULL, 10) : 0;
    }
    if (size > 0 && size == slow_size)
        sleep_or_stop("memcpy");
    return memmove(to, from, size);
}

/* Of libcrypto, once a sample of SHA-256. */
int EVP_DigestUpdate(void *hash, const void *data, size_t size);

int EVP_DigestUpdate(void *hash, const void *data, size_t size)
{
    sleep_or_stop("EVP_DigestUpdate");
    return REAL(EVP_DigestUpdate)(hash, data, size);
}
