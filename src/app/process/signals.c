#include "signals.h"

#include <stddef.h>
#include <unistd.h>

#include "launched.h"
#include "mnist_dist/base/error.h"
#include "process.h"

/* A signal handler can reach nothing but what is static. */
static md_stop stop;
static volatile sig_atomic_t interrupted, speaks, unhurried;

static void request_stop(int number)
{
    static const char words[] =
        "mnist_dist: ended at once by a second SIGINT, without waiting for a save; if the output "
        "folder holds a checkpoint it is intact: go on from it with --resume\n";
    if (number == SIGINT && interrupted && !unhurried) {
        /* With or without a listener this is the end. */
        ssize_t said = speaks ? write(STDERR_FILENO, words, sizeof words - 1) : 0;
        (void)said;
        _exit(MD_INTERRUPTED);
    }
    if (number == SIGINT)
        interrupted = 1;
    stop.requested = number;
}

md_stop *md_signals_install(void)
{
    const struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    speaks = md_launched_rank() == 0;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i],
                  signals[i] == SIGHUP && md_process_ignores_hangup() ? &ignore : &action, NULL);
    return &stop;
}

void md_signals_unhurried(void)
{
    unhurried = 1;
}
