#include "publisher.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/log.h"

/* Seconds between two writes; more where writing is slow, so that it takes 1 % of a run at most. */
static const double interval_s = 1.0, share = 0.01;

static void publish(md_publisher *p, double now)
{
    md_error err;
    p->live.seconds = now - p->began;
    md_clock_timestamp(p->live.updated);
    int failed = md_live_write(p->folder, &p->live, &err) != MD_OK;
    if (failed && !p->failing)
        md_warn("%s; the run goes on, but watch will not see it", err.text);
    p->failing = failed;
    p->due = now + fmax(interval_s, (md_clock_now() - now) / share);
}

static int64_t open_epoch(const md_run_info *info)
{
    const int64_t epoch = info->first_step / info->shape->steps_per_epoch + 1;
    const int64_t epochs = info->config->train.epochs;
    return epoch < epochs ? epoch : epochs;
}

static void start(void *context, const md_run_info *info)
{
    md_publisher *p = context;
    p->began = md_clock_now();
    p->live = (md_live){.state = MD_LIVE_RUNNING,
                        .epoch = open_epoch(info),
                        .epochs = info->config->train.epochs,
                        .step = info->first_step,
                        .first_step = info->first_step,
                        .total_steps = info->shape->last_step,
                        .loss = NAN,
                        .accuracy = NAN,
                        .mae = NAN,
                        .numbers = md_model_spec_answer(info->spec) == MD_ANSWER_NUMBERS,
                        .ranks = info->record->ranks,
                        .pid = getpid()};
    snprintf(p->folder, sizeof p->folder, "%s", info->config->checkpoint.output);
    gethostname(p->live.host, sizeof p->live.host - 1);
    md_clock_timestamp(p->live.started);
    publish(p, p->began);
}

static void step(void *context, const md_step_info *info)
{
    md_publisher *p = context;
    p->live.epoch = info->epoch;
    p->live.step = info->step;
    p->live.loss = info->loss;
    p->live.accuracy = p->live.numbers ? NAN : info->metric;
    p->live.mae = p->live.numbers ? info->metric : NAN;
    p->live.images_per_s = info->images_per_second;
    double now = md_clock_now();
    if (now >= p->due)
        publish(p, now);
}

md_observer md_publisher_start(md_publisher *publisher)
{
    *publisher = (md_publisher){0};
    return (md_observer){.context = publisher, .start = start, .step = step};
}

void md_publisher_stop(md_publisher *p, md_status how)
{
    if (!p->folder[0])
        return;
    const char *state = how == MD_OK        ? MD_LIVE_FINISHED
                        : how == MD_STOPPED ? MD_LIVE_STOPPED
                                            : MD_LIVE_FAILED;
    snprintf(p->live.state, sizeof p->live.state, "%s", state);
    publish(p, md_clock_now());
}
