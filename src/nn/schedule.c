#include "mnist_dist/nn/schedule.h"

#include "elementary.h"

static double constant(const md_schedule *schedule, int64_t at, const md_schedule_span *span)
{
    (void)schedule;
    (void)at;
    (void)span;
    return 1.0;
}

static double step(const md_schedule *schedule, int64_t at, const md_schedule_span *span)
{
    int64_t times = at / span->steps_per_epoch / schedule->step_epochs;
    return whole_power(schedule->factor, times);
}

static double cosine(const md_schedule *schedule, int64_t at, const md_schedule_span *span)
{
    double decay_steps = (double)(span->total_steps - schedule->warmup_steps);
    double decayed = fmin((double)(at - schedule->warmup_steps), decay_steps);
    double half_wave =
        decayed < decay_steps ? 0.5 * (1.0 + cosine_of_pi(decayed / decay_steps)) : 0.0;
    return (1.0 - schedule->final) * half_wave + schedule->final;
}

typedef double fraction(const md_schedule *schedule, int64_t at, const md_schedule_span *span);

/* Each gives the fraction of the base rate, after the warm-up. */
static fraction *const fractions[MD_SCHEDULE_COUNT] = {
#define MD_ROW(NAME, name, length) name,
    MD_SCHEDULES(MD_ROW)
#undef MD_ROW
};

double md_schedule_rate(const md_schedule *schedule, double base, int64_t step,
                        const md_schedule_span *span)
{
    if ((unsigned)schedule->kind >= MD_SCHEDULE_COUNT)
        return NAN;
    if (step < schedule->warmup_steps)
        return base * (double)(step + 1) / (double)schedule->warmup_steps;
    return base * fractions[schedule->kind](schedule, step, span);
}
