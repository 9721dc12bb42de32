#include "signals.h"

#include <stddef.h>
#include <unistd.h>

#include "mnist_dist/util/error.h"

/* A signal handler can reach nothing but what is static. */
static md_stop stop;

static void request_stop(int number)
{
    if (number == SIGINT && stop.requested == SIGINT)
        _exit(MD_INTERRUPTED);
    stop.requested = number;
}

md_stop *md_signals_install(void)
{
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART};
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    return &stop;
}
