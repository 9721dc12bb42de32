#include "guard.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "launched.h"
#include "mnist_dist/base/error.h"

enum { LAST_DELAYED_RANK = 50 };

/* A signal handler can reach nothing but what is static. */
static char message[512];

static void give_up(int number)
{
    (void)number;
    if (write(STDERR_FILENO, message, strlen(message)) < 0)
        _exit(MD_FAILED);
    _exit(MD_STALLED);
}

void md_guard(const char *what, double seconds)
{
    const int64_t rank = md_launched_rank();
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(message, sizeof message,
             "mnist_dist: stalled while %s: rank %lld (host %s, pid %d) has waited %.0f s for the "
             "others; look for a stopped or lost rank, or raise distributed.stall_timeout\n",
             what, (long long)rank, host, (int)getpid(), seconds);
    const struct sigaction action = {.sa_handler = give_up};
    sigaction(SIGALRM, &action, NULL);
    /* Ranks that wait for the same one would all speak; the lowest is a little earlier, and its end
     * ends the job. */
    if (seconds > 0.0)
        seconds += 0.1 * (double)(rank < LAST_DELAYED_RANK ? rank : LAST_DELAYED_RANK);
    const struct itimerval limit = {
        .it_value = {.tv_sec = (time_t)seconds,
                     .tv_usec = (suseconds_t)(1e6 * (seconds - (double)(time_t)seconds))}};
    setitimer(ITIMER_REAL, &limit, NULL);
}
