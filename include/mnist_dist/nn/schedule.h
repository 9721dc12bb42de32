/* Learning-rate schedules: a pure function of the step. Local. */
#ifndef MNIST_DIST_NN_SCHEDULE_H
#define MNIST_DIST_NN_SCHEDULE_H

#include <stdint.h>

enum { MD_SCHEDULE_NAME_SIZE = 16 };

typedef struct md_schedule {
    char name[MD_SCHEDULE_NAME_SIZE]; /* constant, step or cosine */
    int64_t warmup_steps; /* linear from base/warmup_steps up to base, any name; 0 = none */
    int64_t step_epochs;  /* step: multiply by `factor` every so many epochs */
    double factor;
    double final; /* cosine: fraction of base reached after the last step (Keras' alpha) */
} md_schedule;

md_schedule md_schedule_default(void);

int md_schedule_known(const char *name); /* 1 or 0 */

/* The learning rate of `step` (0 for the first) of a run of total_steps, with steps_per_epoch. */
double md_schedule_rate(const md_schedule *schedule, double base, int64_t step,
                        int64_t steps_per_epoch, int64_t total_steps);

#endif
