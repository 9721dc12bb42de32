#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static const int ignored[] = {SIGPIPE, SIGXFSZ};

enum { IGNORED = sizeof ignored / sizeof *ignored };

static int hangup_ignored;

/* Asked before the constructor of any library: that of UCX sets a handler. No sanitizer is there
 * yet, either. */
__attribute__((no_sanitize("address", "undefined"))) static void note_hangup(void)
{
    static struct sigaction hangup;
    hangup_ignored = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
}

__attribute__((section(".preinit_array"), used)) static void (*const at_first)(void) = note_hangup;

void md_process_settle(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < IGNORED; i++)
        signal(ignored[i], SIG_IGN);
}

int md_process_ignores_hangup(void)
{
    return hangup_ignored;
}

int md_process_spawn(pid_t *pid, const posix_spawn_file_actions_t *actions, char *const argv[],
                     char *const environment[], int apart)
{
    posix_spawnattr_t attributes;
    sigset_t usual;
    int failed = posix_spawnattr_init(&attributes);
    if (failed)
        return failed;
    sigemptyset(&usual);
    for (size_t i = 0; i < IGNORED; i++)
        sigaddset(&usual, ignored[i]);
    failed = posix_spawnattr_setsigdefault(&attributes, &usual);
    if (!failed)
        failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
                                                           (apart ? POSIX_SPAWN_SETPGROUP : 0));
    if (!failed)
        failed = posix_spawnp(pid, argv[0], actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

int md_process_unheard(int fd)
{
    struct pollfd pipe = {.fd = fd, .events = POLLOUT};
    return poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR);
}
