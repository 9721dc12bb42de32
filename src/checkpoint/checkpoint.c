#include "mnist_dist/checkpoint/checkpoint.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/checkpoint/fields.h"

static md_status allocate_block(const md_checkpoint *c, float **out, const char *what,
                                md_error *err)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    void *block;
    md_status status = md_allocate(&block, layout.parameters, sizeof(float), what, err);
    *out = block;
    return status;
}

md_status md_checkpoint_reset_moments(md_checkpoint *c, int moment_count, md_error *err)
{
    md_status status = MD_OK;
    c->at.iterations = 0;
    c->moment_count = moment_count;
    for (int i = 0; i < MD_MAX_MOMENTS; i++) {
        free(c->moments[i]);
        c->moments[i] = NULL;
        if (!status && i < moment_count)
            status = allocate_block(c, &c->moments[i], "a checkpoint's optimizer state", err);
    }
    return status;
}

static void release_blocks(md_checkpoint *c)
{
    if (!c->borrowed)
        free(c->parameters);
    c->parameters = NULL;
    for (int i = 0; i < MD_MAX_MOMENTS; i++) {
        if (!c->borrowed)
            free(c->moments[i]);
        c->moments[i] = NULL;
    }
    c->borrowed = 0;
}

void md_checkpoint_borrow(md_checkpoint *c, float *parameters, float *const moments[])
{
    release_blocks(c);
    c->parameters = parameters;
    for (int i = 0; i < c->moment_count; i++)
        c->moments[i] = moments[i];
    c->borrowed = 1;
}

static md_status copy_block(const md_checkpoint *c, float **block, md_error *err)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    const float *from = *block;
    assert(from);
    md_status status = allocate_block(c, block, "a copy of the run's state", err);
    if (!status)
        memcpy(*block, from, layout.parameters * sizeof *from);
    return status;
}

md_status md_checkpoint_own(md_checkpoint *c, md_error *err)
{
    if (!c->borrowed)
        return MD_OK;
    c->borrowed = 0;
    md_status status = copy_block(c, &c->parameters, err);
    for (int i = 0; i < c->moment_count; i++) {
        if (status)
            c->moments[i] = NULL; /* still another's */
        else
            status = copy_block(c, &c->moments[i], err);
    }
    return status;
}

md_status md_checkpoint_create(const md_model_spec *model, int moment_count, md_checkpoint **out,
                               md_error *err)
{
    *out = NULL;
    md_checkpoint *c = calloc(1, sizeof *c);
    if (!c)
        return md_fail_memory(err, "a checkpoint", sizeof *c);
    c->model = *model;
    c->best = NAN;
    c->optimizer = md_optimizer_default();
    md_status status = allocate_block(c, &c->parameters, "a checkpoint's parameters", err);
    if (!status)
        status = md_checkpoint_reset_moments(c, moment_count, err);
    if (status)
        md_checkpoint_destroy(&c);
    *out = c;
    return status;
}

void md_run_record_clear(md_run_record *record)
{
    for (int i = 0; i < MD_RUN_TEXTS; i++)
        free(*md_run_text(record, &md_run_texts[i]));
    *record = (md_run_record){0};
}

void md_checkpoint_destroy(md_checkpoint **checkpoint)
{
    md_checkpoint *c = *checkpoint;
    if (!c)
        return;
    for (size_t i = 0; i < c->run_count; i++)
        md_run_record_clear(&c->runs[i]);
    release_blocks(c);
    md_scale_clear(&c->scale);
    free(c->history);
    free(c->chain);
    free(c->ledger);
    free(c->runs);
    free(c->golden.images);
    free(c->golden.labels);
    free(c->golden.logits);
    free(c);
    *checkpoint = NULL;
}

static md_status append(void **rows, size_t *capacity, size_t *count, const void *row, size_t size,
                        md_error *err)
{
    md_status status = md_grow(rows, capacity, *count + 1, size, err);
    if (!status)
        memcpy((char *)*rows + (*count)++ * size, row, size);
    return status;
}

md_status md_checkpoint_add_epoch(md_checkpoint *c, const md_epoch_row *row, md_error *err)
{
    return append((void **)&c->history, &c->history_capacity, &c->history_count, row, sizeof *row,
                  err);
}

md_status md_checkpoint_add_chain(md_checkpoint *c, const md_chain_row *row, md_error *err)
{
    return append((void **)&c->chain, &c->chain_capacity, &c->chain_count, row, sizeof *row, err);
}

md_status md_checkpoint_add_ledger(md_checkpoint *c, const md_ledger_row *row, md_error *err)
{
    return append((void **)&c->ledger, &c->ledger_capacity, &c->ledger_count, row, sizeof *row,
                  err);
}

/* Texts that only inform, such as the names of thousands of hosts, are cut to what an attribute
 * holds; a configuration that was cut could not be resumed. */
static md_status fit_texts(md_run_record *record, md_error *err)
{
    static const char tail[] = "...";
    if (record->config && strlen(record->config) > MD_H5_TEXT_MAX)
        return md_fail(err, MD_USAGE,
                       "the configuration is %zu bytes long; a checkpoint holds %d, so shorten it",
                       strlen(record->config), MD_H5_TEXT_MAX);
    for (int i = 0; i < MD_RUN_TEXTS; i++) {
        char **text = md_run_text(record, &md_run_texts[i]);
        if (!*text && !(*text = strdup("")))
            return md_fail_memory(err, "a run record", 1);
        if (strlen(*text) > MD_H5_TEXT_MAX)
            memcpy(*text + MD_H5_TEXT_MAX - strlen(tail), tail, sizeof tail);
    }
    return MD_OK;
}

md_status md_checkpoint_add_run(md_checkpoint *c, md_run_record *record, md_error *err)
{
    md_status status = fit_texts(record, err);
    if (!status)
        status =
            append((void **)&c->runs, &c->run_capacity, &c->run_count, record, sizeof *record, err);
    if (status)
        md_run_record_clear(record);
    *record = (md_run_record){0};
    return status;
}

void md_checkpoint_cut_back(md_checkpoint *c)
{
    while (c->history_count > 0 && c->history[c->history_count - 1].epoch > c->at.epoch)
        c->history_count--;
    while (c->chain_count > 0 && c->chain[c->chain_count - 1].step > c->at.step)
        c->chain_count--;
    while (c->ledger_count > 0 && c->ledger[c->ledger_count - 1].epoch > c->at.epoch)
        c->ledger_count--;
}
