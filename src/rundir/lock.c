#include "mnist_dist/rundir/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "folder_internal.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"

/* Tries that fail for a reader's glance at the lock (md_folder_in_use) and not for a run. */
enum { HOLDER_SIZE = 128, SILENT_TRIES = 2 };

/* The lock file names its holder, for the message of whoever waits. */
static void write_holder(int lock)
{
    char host[64] = "", text[HOLDER_SIZE];
    gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "pid %d on %s", (int)getpid(), host);
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)length, 0) != length)
        md_warn("the lock file does not name this process: %s", strerror(errno));
}

static void read_holder(int lock, char out[HOLDER_SIZE])
{
    ssize_t length = pread(lock, out, HOLDER_SIZE - 1, 0);
    out[length > 0 ? length : 0] = '\0';
    if (length <= 0)
        snprintf(out, HOLDER_SIZE, "another process");
}

/* 0 when taken, -1 when the time is up (EWOULDBLOCK), a stop was asked for (EINTR), or flock
 * failed; errno tells. */
static int wait_for_lock(const md_folder *folder, double seconds, const volatile sig_atomic_t *stop)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    double deadline = md_clock_now() + seconds;
    for (int tries = 1; flock(folder->lock, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK && stop && *stop) {
            errno = EINTR;
            return -1;
        }
        if (errno != EWOULDBLOCK || (tries > SILENT_TRIES && md_clock_now() >= deadline))
            return -1;
        char holder[HOLDER_SIZE];
        read_holder(folder->lock, holder);
        if (tries == SILENT_TRIES + 1)
            md_info("folder '%s' is in use by %s; waiting up to %g s", folder->path, holder,
                    seconds);
        nanosleep(&pause, NULL);
    }
    return 0;
}

/* The lock's descriptor; -1 with errno when it cannot be had. What the name leads to may be
 * somebody else's, and a pipe of that name would block for ever. */
static int open_lock(const char *folder, int flags)
{
    char path[PATH_MAX];
    struct stat info;
    md_files_join(folder, MD_FILE_LOCK, path);
    int lock = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (lock < 0 || (fstat(lock, &info) == 0 && S_ISREG(info.st_mode)))
        return lock;
    close(lock);
    errno = EINVAL;
    return -1;
}

static md_status refuse_lock(const md_folder *folder, md_error *err)
{
    if (errno == ELOOP || errno == EISDIR || errno == EINVAL)
        return md_fail(err, MD_FAILED,
                       "'%s/" MD_FILE_LOCK
                       "' is no file, and the run's lock belongs there; remove it or "
                       "choose another folder with --output",
                       folder->path);
    return md_fail(err, MD_FAILED,
                   "folder '%s' cannot be written: %s; %s, or choose another with --output",
                   folder->path, strerror(errno), md_files_cure(errno));
}

static md_status give_up(const md_folder *folder, int stopped, md_error *err)
{
    char holder[HOLDER_SIZE];
    read_holder(folder->lock, holder);
    if (stopped)
        return md_fail(err, MD_STOPPED,
                       "stopped while waiting for folder '%s', in use by another run (%s); nothing "
                       "was done, start it again",
                       folder->path, holder);
    return md_fail(err, MD_FAILED,
                   "folder '%s' is in use by another run (%s); stop that run, choose another "
                   "folder with --output, or wait longer with checkpoint.lock_wait",
                   folder->path, holder);
}

static md_status take_lock(md_folder *folder, double seconds, const volatile sig_atomic_t *stop,
                           md_error *err)
{
    folder->lock = open_lock(folder->path, O_RDWR | O_CREAT);
    if (folder->lock < 0)
        return refuse_lock(folder, err);
    if (wait_for_lock(folder, seconds, stop) == 0) {
        write_holder(folder->lock);
        return MD_OK;
    }
    if (errno == EWOULDBLOCK || errno == EINTR)
        return give_up(folder, errno == EINTR, err);
    md_warn("folder '%s' cannot be locked (%s); make sure that no other run writes there",
            folder->path, strerror(errno));
    close(folder->lock);
    folder->lock = -1;
    return MD_OK;
}

static void drop(const md_folder *folder, const char *name)
{
    char path[PATH_MAX];
    md_files_join(folder->path, name, path);
    unlink(path);
}

static void remove_temporaries(const md_folder *folder)
{
    const char *const names[] = {MD_FILE_SAVING, MD_FILE_SAVING_CSV, MD_FILE_SAVING_LINK,
                                 MD_FILE_SAVING_RESCUE, MD_FILE_SAVING_STATUS};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        drop(folder, names[i]);
}

void md_folder_remove_status(const md_folder *folder)
{
    drop(folder, MD_FILE_STATUS);
}

md_status md_folder_open(const char *path, int keep, double lock_wait,
                         const volatile sig_atomic_t *stop, md_folder **out, md_error *err)
{
    *out = NULL;
    md_status status = md_folder_make(path, err);
    if (!status)
        status = md_folder_check_names(path, MD_FOLDER_WRITTEN, err);
    if (status)
        return status;
    md_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return md_fail_memory(err, "a folder", sizeof *folder);
    folder->lock = -1;
    md_folder_set_keep(folder, keep);
    snprintf(folder->path, sizeof folder->path, "%s", path);
    status = take_lock(folder, lock_wait, stop, err);
    if (!status) {
        remove_temporaries(folder);
        status = md_folder_finish_set_aside(folder, err);
    }
    if (status)
        md_folder_close(&folder);
    *out = folder;
    return status;
}

void md_folder_close(md_folder **folder)
{
    if (!*folder)
        return;
    if ((*folder)->lock >= 0)
        close((*folder)->lock);
    free(*folder);
    *folder = NULL;
}

int md_folder_in_use(const char *path)
{
    int lock = open_lock(path, O_RDONLY);
    if (lock < 0)
        return errno == ENOENT ? 0 : -1;
    int in_use = 0;
    if (flock(lock, LOCK_SH | LOCK_NB) != 0)
        in_use = errno == EWOULDBLOCK ? 1 : -1;
    close(lock);
    return in_use;
}

void md_folder_set_keep(md_folder *folder, int keep)
{
    folder->keep = keep > 1 ? keep : 1;
}

void md_folder_set_hook(md_folder *folder, md_folder_hook hook, void *context)
{
    folder->hook = hook;
    folder->context = context;
}
