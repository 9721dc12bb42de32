#include "mnist_dist/base/beat.h"

static _Thread_local md_beating watching;

void md_beat(void)
{
    if (watching.hook)
        watching.hook(watching.context);
}

md_beating md_beat_watched_by(void)
{
    return watching;
}

void md_beat_watch(md_beating beating)
{
    watching = beating;
}
