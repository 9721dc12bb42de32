#include "mnist_dist/base/clock.h"

#include <errno.h>
#include <time.h>

double md_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void md_clock_sleep(double seconds)
{
    struct timespec span = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&span, &span) != 0 && errno == EINTR)
        continue;
}

void md_clock_timestamp(char out[MD_TIMESTAMP_SIZE])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(out, MD_TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
