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
static int exit_code;

static void give_up(int number)
{
    (void)number;
    if (write(STDERR_FILENO, message, strlen(message)) < 0 && exit_code == MD_STALLED)
        _exit(MD_FAILED);
    _exit(exit_code);
}

static void name_host(char *host, size_t size)
{
    memset(host, 0, size);
    gethostname(host, size - 1);
}

/* Ranks that wait for the same one would all speak; the lowest is a little earlier, and its end
 * ends the job. */
static void start_timer(double seconds)
{
    const int64_t rank = md_launched_rank();
    const struct sigaction action = {.sa_handler = give_up};
    sigaction(SIGALRM, &action, NULL);
    if (seconds > 0.0)
        seconds += 0.1 * (double)(rank < LAST_DELAYED_RANK ? rank : LAST_DELAYED_RANK);
    const struct itimerval limit = {
        .it_value = {.tv_sec = (time_t)seconds,
                     .tv_usec = (suseconds_t)(1e6 * (seconds - (double)(time_t)seconds))}};
    setitimer(ITIMER_REAL, &limit, NULL);
}

void md_guard(const char *what, double seconds)
{
    char host[64];
    name_host(host, sizeof host);
    start_timer(0.0); /* one that ran out between the next lines would mix two messages */
    exit_code = MD_STALLED;
    snprintf(message, sizeof message,
             "mnist_dist: stalled while %s: rank %lld (host %s, pid %d) has waited %.0f s for the "
             "others; look for a stopped or lost rank, or raise distributed.stall_timeout\n",
             what, (long long)md_launched_rank(), host, (int)getpid(), seconds);
    start_timer(seconds);
}

void md_guard_end(md_status earned)
{
    char host[64];
    name_host(host, sizeof host);
    start_timer(0.0);
    exit_code = (int)earned;
    snprintf(message, sizeof message,
             "mnist_dist: warning: rank %lld (host %s, pid %d) is done, and has waited %.0f s in "
             "MPI_Finalize for the others; it ends without them\n",
             (long long)md_launched_rank(), host, (int)getpid(), MD_GUARD_END_S);
    start_timer(MD_GUARD_END_S);
}
