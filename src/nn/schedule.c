#include "mnist_dist/nn/schedule.h"

#include <math.h>
#include <string.h>

/* A moment of the run; counts are at least 1. */
typedef struct moment {
    int64_t step, steps_per_epoch, total_steps;
} moment;

static double constant(const md_schedule *schedule, const moment *now)
{
    (void)schedule;
    (void)now;
    return 1.0;
}

static double step(const md_schedule *schedule, const moment *now)
{
    int64_t times = now->step / now->steps_per_epoch / schedule->step_epochs;
    return pow(schedule->factor, (double)times);
}

static double cosine(const md_schedule *schedule, const moment *now)
{
    const double pi = 3.14159265358979323846;
    double decay_steps = (double)(now->total_steps - schedule->warmup_steps);
    double decayed = fmin((double)(now->step - schedule->warmup_steps), decay_steps);
    double half_wave = decay_steps > 0.0 ? 0.5 * (1.0 + cos(pi * decayed / decay_steps)) : 0.0;
    return (1.0 - schedule->final) * half_wave + schedule->final;
}

/* Each gives the fraction of the base rate, after the warm-up. */
static const struct {
    const char *name;
    double (*fraction)(const md_schedule *schedule, const moment *now);
} schedules[] = {{"constant", constant}, {"step", step}, {"cosine", cosine}};

enum { SCHEDULES = sizeof schedules / sizeof *schedules };

md_schedule md_schedule_default(void)
{
    return (md_schedule){.name = "constant", .step_epochs = 10, .factor = 0.1};
}

static size_t find(const char *name)
{
    size_t i = 0;
    while (i < SCHEDULES && strcmp(schedules[i].name, name) != 0)
        i++;
    return i;
}

int md_schedule_known(const char *name)
{
    return find(name) < SCHEDULES;
}

double md_schedule_rate(const md_schedule *schedule, double base, int64_t step,
                        int64_t steps_per_epoch, int64_t total_steps)
{
    if (step < schedule->warmup_steps)
        return base * (double)(step + 1) / (double)schedule->warmup_steps;
    moment now = {step, steps_per_epoch, total_steps};
    return base * schedules[find(schedule->name)].fraction(schedule, &now);
}
