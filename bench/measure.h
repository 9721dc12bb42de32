/* How long something takes, on a machine that others use too: many runs, and where the middle half
 * of them lies. Local. */
#ifndef MNIST_DIST_BENCH_MEASURE_H
#define MNIST_DIST_BENCH_MEASURE_H

#include <stddef.h>

/* Seconds a call. */
typedef struct md_timing {
    double min, lower_quartile, median, upper_quartile;
    size_t runs;
} md_timing;

/* Calls work(context) for about `seconds`, at least 5 times. Work shorter than the clock can see is
 * called several times a run. */
md_timing md_measure(void (*work)(void *context), void *context, double seconds);

/* Quartiles of count > 0 runs, which are sorted in place. */
md_timing md_timing_of(double *runs, size_t count);

#endif
