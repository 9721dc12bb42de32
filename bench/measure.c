#include "measure.h"

#include <stdlib.h>

#include "mnist_dist/base/clock.h"

enum { MOST_RUNS = 2000, LEAST_RUNS = 5 };

static const double shortest_run = 5e-6; /* 200 times what reading the clock takes */

static double time_calls(void (*work)(void *context), void *context, size_t calls)
{
    double start = md_clock_now();
    for (size_t i = 0; i < calls; i++)
        work(context);
    return (md_clock_now() - start) / (double)calls;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

md_timing md_timing_of(double *runs, size_t count)
{
    qsort(runs, count, sizeof *runs, compare);
    return (md_timing){.min = runs[0],
                       .lower_quartile = runs[count / 4],
                       .median = runs[count / 2],
                       .upper_quartile = runs[count * 3 / 4],
                       .runs = count};
}

md_timing md_measure(void (*work)(void *context), void *context, double seconds)
{
    double runs[MOST_RUNS];
    work(context); /* brings code and data into the cache */
    size_t calls = 1, count = 0;
    while (time_calls(work, context, calls) * (double)calls < shortest_run)
        calls *= 2;
    double end = md_clock_now() + seconds;
    do
        runs[count++] = time_calls(work, context, calls);
    while (count < LEAST_RUNS || (count < MOST_RUNS && md_clock_now() < end));
    return md_timing_of(runs, count);
}
