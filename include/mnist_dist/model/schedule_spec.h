/* How the learning rate goes on, as plain data; nn/schedule.h computes it. Local. */
#ifndef MNIST_DIST_MODEL_SCHEDULE_SPEC_H
#define MNIST_DIST_MODEL_SCHEDULE_SPEC_H

#include <stdint.h>

/* The schedules, a row each, and whether the rate depends on the schedule's length; their formulas
 * are in src/nn/schedule.c. */
#define MD_SCHEDULES(X) X(CONSTANT, constant, 0) X(STEP, step, 0) X(COSINE, cosine, 1)

typedef enum md_schedule_kind {
#define MD_ROW(NAME, name, length) MD_SCHEDULE_##NAME,
    MD_SCHEDULES(MD_ROW)
#undef MD_ROW
        MD_SCHEDULE_COUNT
} md_schedule_kind;

/* The configuration's words, by kind; NULL at the end. */
extern const char *const md_schedule_words[];

int md_schedule_has_length(md_schedule_kind kind); /* does the rate depend on schedule.steps? */

typedef struct md_schedule {
    md_schedule_kind kind;
    int64_t warmup_steps; /* linear from base/warmup_steps up to base, any kind; 0 = none */
    int64_t step_epochs;  /* step: multiply by `factor` every so many epochs */
    double factor;
    double final;  /* cosine: fraction of base reached after the last step (Keras' alpha) */
    int64_t steps; /* how long it is; 0: as long as all of the run's epochs */
} md_schedule;

#endif
