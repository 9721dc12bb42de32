/* Learning rates: a pure function of the step. Local. */
#ifndef MNIST_DIST_NN_SCHEDULE_H
#define MNIST_DIST_NN_SCHEDULE_H

#include "mnist_dist/model/schedule_spec.h"

/* A run as schedules see it; steps_per_epoch is at least 1. */
typedef struct md_schedule_span {
    int64_t steps_per_epoch, total_steps;
} md_schedule_span;

/* The learning rate of `step` (0 for the first); NaN when schedule->kind is none. */
double md_schedule_rate(const md_schedule *schedule, double base, int64_t step,
                        const md_schedule_span *span);

#endif
