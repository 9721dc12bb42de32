#include "mnist_dist/resilience/time_limit.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/parse.h"

/* A save takes well under a second; a slow parallel file system may need this long. */
static const double slurm_margin_s = 30.0;

int md_time_limit_over(double deadline)
{
    return deadline > 0.0 && md_clock_now() >= deadline;
}

static double earlier(double a, double b)
{
    if (a <= 0.0 || b <= 0.0)
        return a + b;
    return a < b ? a : b;
}

double md_time_limit_deadline(double minutes)
{
    double deadline = minutes > 0.0 ? md_clock_now() + 60.0 * minutes : 0.0;
    const char *end = getenv("SLURM_JOB_END_TIME");
    int64_t end_time;
    if (!end || !md_parse_i64(end, 1, INT64_MAX, &end_time))
        return deadline;
    double left = (double)(end_time - (int64_t)time(NULL)) - slurm_margin_s;
    return earlier(deadline, md_clock_now() + (left > 0.0 ? left : 1e-9));
}
