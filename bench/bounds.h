/* The least that the phases of a step can take on this core: what no arrangement of the same
 * arithmetic beats. Local. */
#ifndef MNIST_DIST_BENCH_BOUNDS_H
#define MNIST_DIST_BENCH_BOUNDS_H

#include "bench.h"
#include "mnist_dist/train/observer.h"

/* Seconds, from the fastest run of each on data in the nearest cache. */
typedef struct md_bench_bounds {
    double multiply_add; /* of two floats, as a dense product does them */
    double update;       /* of a parameter, by Adam */
} md_bench_bounds;

md_status md_bench_bounds_measure(const md_bench *bench, md_bench_bounds *out, md_error *err);

/* Of the phases of one of `ranks` ranks that take a batch of the notebook's model together;
 * exchanges: by slices (comm/reducer.h). 0 where a phase computes nothing. */
void md_bench_bounds_phases(const md_bench_bounds *bounds, double density, double batch, int ranks,
                            int exchanges, double out[MD_STEP_PHASES]);

#endif
