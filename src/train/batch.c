/* Which samples a step takes, and how they come to the model. */
#include "trainer_internal.h"

md_range md_trainer_batch(const md_trainer *t)
{
    return md_sampler_batch(t->shape.images, t->shape.batch, t->at.step_in_epoch);
}

md_range md_trainer_part(const md_trainer *t)
{
    const md_range batch = md_trainer_batch(t), part = md_reducer_part(t->reducer, batch.count);
    return (md_range){batch.begin + part.begin, part.count};
}

static void open_epoch(md_trainer *t)
{
    const uint64_t seed = t->config->train.seed;
    const uint32_t epoch = (uint32_t)t->at.epoch;
    if (t->order_epoch == t->at.epoch)
        return;
    if (t->order)
        md_sampler_order(seed, epoch, t->config->train.shuffle, t->order, t->shape.images);
    md_batcher_open_epoch(t->batcher, seed, epoch);
    t->order_epoch = t->at.epoch;
}

md_status md_trainer_fetch(md_trainer *t, md_error *err)
{
    open_epoch(t);
    if (!t->prefetch)
        return MD_OK;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_LOAD, t->at.step);
    return md_prefetch_need(t->prefetch, t->at.epoch, md_trainer_batch(t), err);
}

const uint32_t *md_trainer_ids(md_trainer *t, md_range positions)
{
    if (!t->prefetch)
        return t->order + positions.begin;
    for (size_t i = 0; i < positions.count; i++)
        t->ids[i] = md_prefetch_id(t->prefetch, positions.begin + i);
    return t->ids;
}

const md_batch *md_trainer_gather(md_trainer *t, md_range positions)
{
    const uint32_t *ids = md_trainer_ids(t, positions);
    return t->prefetch ? md_batcher_collect(t->batcher, t->prefetch, positions, ids)
                       : md_batcher_gather(t->batcher, MD_SPLIT_TRAIN, ids, positions.count);
}
