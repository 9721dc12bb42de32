#include "mnist_dist/train/pace.h"

/* Steps: short beside an epoch; the one under way at a change, and the first after it, do not
 * count. And windows. */
enum { WINDOW = 32, SKIPPED = 2, LEAST_WAIT = 4, MOST_WAIT = 512 };
enum { SETTLED, TRIAL, SETTLED_AGAIN };
enum { FEWER, MORE };

static const double gain = 0.95; /* of the time, at most, that a trial has to take */

void md_pace_begin(md_pace *pace, int most)
{
    *pace = (md_pace){.most = most, .settled = most};
    for (int i = FEWER; i <= MORE; i++)
        pace->direction[i].wait = LEAST_WAIT;
}

static int tried(const md_pace *pace)
{
    const int more = 2 * pace->settled;
    if (!pace->wider)
        return (pace->settled + 1) / 2;
    return more < pace->most ? more : pace->most;
}

static int now(const md_pace *pace)
{
    return pace->phase == TRIAL ? tried(pace) : pace->settled;
}

static void choose_trial(md_pace *pace)
{
    for (int i = FEWER; i <= MORE; i++) {
        const int possible = i == FEWER ? pace->settled > 1 : pace->settled < pace->most;
        if (pace->phase == SETTLED && possible && pace->direction[i].left-- <= 0) {
            pace->phase = TRIAL;
            pace->wider = i == MORE;
        }
    }
}

static void end_trial(md_pace *pace, int faster)
{
    int *wait = &pace->direction[pace->wider].wait;
    if (faster) {
        pace->settled = tried(pace);
        pace->direction[FEWER].wait = pace->direction[MORE].wait = LEAST_WAIT;
        pace->direction[!pace->wider].left = LEAST_WAIT;
    } else {
        *wait = 2 * *wait < MOST_WAIT ? 2 * *wait : MOST_WAIT;
    }
    pace->direction[pace->wider].left = faster ? 0 : *wait;
    pace->phase = SETTLED;
}

static void end_window(md_pace *pace)
{
    if (pace->phase == SETTLED) {
        pace->before = pace->seconds;
        choose_trial(pace);
    } else if (pace->phase == TRIAL) {
        pace->trial = pace->seconds;
        pace->phase = SETTLED_AGAIN;
        if (!(pace->trial < gain * pace->before))
            end_trial(pace, 0);
    } else {
        end_trial(pace, pace->trial < gain * pace->seconds);
    }
}

int md_pace_step(md_pace *pace, double seconds)
{
    const int before = now(pace);
    if (pace->skipped < SKIPPED) {
        pace->skipped++;
        return before;
    }
    pace->seconds += seconds;
    if (++pace->steps < WINDOW)
        return before;
    end_window(pace);
    pace->steps = 0;
    pace->seconds = 0.0;
    pace->skipped = now(pace) == before ? SKIPPED : 0;
    return now(pace);
}
