/* How the learning rate goes on, as plain data; nn/schedule.h computes it. Local. */
#ifndef MNIST_DIST_MODEL_SCHEDULE_SPEC_H
#define MNIST_DIST_MODEL_SCHEDULE_SPEC_H

#include <stdint.h>

/* The schedules, a row each; their formulas are in src/nn/schedule.c. */
#define MD_SCHEDULES(X) X(CONSTANT, constant) X(STEP, step) X(COSINE, cosine)

typedef enum md_schedule_kind {
#define MD_ROW(NAME, name) MD_SCHEDULE_##NAME,
    MD_SCHEDULES(MD_ROW)
#undef MD_ROW
        MD_SCHEDULE_COUNT
} md_schedule_kind;

/* The configuration's words, by kind; NULL at the end. */
extern const char *const md_schedule_words[];

typedef struct md_schedule {
    md_schedule_kind kind;
    int64_t warmup_steps; /* linear from base/warmup_steps up to base, any kind; 0 = none */
    int64_t step_epochs;  /* step: multiply by `factor` every so many epochs */
    double factor;
    double final; /* cosine: fraction of base reached after the last step (Keras' alpha) */
} md_schedule;

#endif
