#include "same_config.h"

#include <string.h>

static int same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static int same_model(const md_model_spec *a, const md_model_spec *b)
{
    int equal = md_model_spec_equal(a, b);
    for (int i = 0; equal && i < a->layer_count; i++)
        equal = strcmp(a->layers[i].name, b->layers[i].name) == 0 &&
                same(a->layers[i].rate, b->layers[i].rate);
    return equal;
}

int same_learning(const md_config *a, const md_config *b)
{
    const md_optimizer_spec *o = &a->optimizer, *p = &b->optimizer;
    const md_schedule *s = &a->schedule, *t = &b->schedule;
    return o->kind == p->kind && same(o->learning_rate, p->learning_rate) &&
           same(o->beta_1, p->beta_1) && same(o->beta_2, p->beta_2) &&
           same(o->epsilon, p->epsilon) && same(o->momentum, p->momentum) &&
           same(o->weight_decay, p->weight_decay) && same(o->clip_norm, p->clip_norm) &&
           memcmp(&a->augment, &b->augment, sizeof a->augment) == 0 && s->kind == t->kind &&
           s->warmup_steps == t->warmup_steps && s->step_epochs == t->step_epochs &&
           same(s->factor, t->factor) && same(s->final, t->final) && s->steps == t->steps &&
           a->early_stopping.patience == b->early_stopping.patience &&
           a->early_stopping.monitor == b->early_stopping.monitor &&
           same(a->early_stopping.min_delta, b->early_stopping.min_delta);
}

static int same_run(const md_config *a, const md_config *b)
{
    return strcmp(a->data.source, b->data.source) == 0 &&
           strcmp(a->data.validation, b->data.validation) == 0 &&
           a->data.storage == b->data.storage && a->data.window == b->data.window &&
           same(a->train.time_limit, b->train.time_limit) && a->train.epochs == b->train.epochs &&
           a->train.batch_size == b->train.batch_size && a->train.seed == b->train.seed &&
           a->train.shuffle == b->train.shuffle && a->train.max_steps == b->train.max_steps &&
           strcmp(a->train.initial_weights, b->train.initial_weights) == 0;
}

int same_config(const md_config *a, const md_config *b)
{
    return same_model(&a->model, &b->model) && a->model.loss == b->model.loss &&
           same(a->model.huber_delta, b->model.huber_delta) && same_learning(a, b) &&
           same_run(a, b) && a->distributed.reducer == b->distributed.reducer &&
           a->distributed.node_size == b->distributed.node_size &&
           a->distributed.active_ranks == b->distributed.active_ranks &&
           same(a->distributed.stall_timeout, b->distributed.stall_timeout) &&
           strcmp(a->checkpoint.output, b->checkpoint.output) == 0 &&
           a->checkpoint.every_steps == b->checkpoint.every_steps &&
           a->checkpoint.keep == b->checkpoint.keep && a->data.memory == b->data.memory &&
           a->checkpoint.digest_every == b->checkpoint.digest_every &&
           a->checkpoint.max_failures == b->checkpoint.max_failures &&
           same(a->checkpoint.lock_wait, b->checkpoint.lock_wait) &&
           same(a->checkpoint.every_minutes, b->checkpoint.every_minutes);
}
