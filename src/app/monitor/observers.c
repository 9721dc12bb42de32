#include "observers.h"

static void start(void *context, const md_run_info *info)
{
    const md_observer_pair *p = context;
    if (p->first.start)
        p->first.start(p->first.context, info);
    if (p->second.start)
        p->second.start(p->second.context, info);
}

static void step(void *context, const md_step_info *info)
{
    const md_observer_pair *p = context;
    if (p->first.step)
        p->first.step(p->first.context, info);
    if (p->second.step)
        p->second.step(p->second.context, info);
}

static void epoch(void *context, const md_epoch_row *row, int best)
{
    const md_observer_pair *p = context;
    if (p->first.epoch)
        p->first.epoch(p->first.context, row, best);
    if (p->second.epoch)
        p->second.epoch(p->second.context, row, best);
}

static void saved(void *context, const char *path, double seconds)
{
    const md_observer_pair *p = context;
    if (p->first.saved)
        p->first.saved(p->first.context, path, seconds);
    if (p->second.saved)
        p->second.saved(p->second.context, path, seconds);
}

static void end(void *context)
{
    const md_observer_pair *p = context;
    if (p->first.end)
        p->first.end(p->first.context);
    if (p->second.end)
        p->second.end(p->second.context);
}

md_observer md_observer_both(md_observer_pair *pair)
{
    return (md_observer){
        .context = pair, .start = start, .step = step, .epoch = epoch, .saved = saved, .end = end};
}
