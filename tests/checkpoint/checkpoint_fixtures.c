#include "checkpoint_fixtures.h"

#include <hdf5.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/nn/twin.h"

md_model_spec fixture_small_model(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(5, MD_RELU), md_dropout(0.2),
                                    md_dense(3, MD_SOFTMAX)};
    return md_spec(4, 3, 4, layers);
}

/* Numbers without pattern, in (-1, 1). */
static float noise(size_t i)
{
    return (float)sin((double)i * 12.9898 + 78.233);
}

static void fill_blocks(md_checkpoint *c)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    for (size_t i = 0; i < layout.parameters; i++) {
        c->parameters[i] = noise(i);
        c->moments[0][i] = 0.1f * noise(i + 1000003);
        c->moments[1][i] = 0.01f * fabsf(noise(i + 2000003));
    }
}

static void fill_position(md_checkpoint *c, int epochs)
{
    c->seed = UINT64_MAX - 41;
    c->at.epoch = epochs;
    c->at.step = 100 * epochs + 7;
    c->at.iterations = c->at.step;
    c->at.step_in_epoch = 7;
    c->best_epoch = epochs > 1 ? epochs - 1 : 0;
    c->best = epochs > 1 ? 0.9781 : NAN;
    c->at.loss.piece[MD_FIXED_Q32] = (INT64_C(1) << 53) + 1; /* what no double holds */
    c->at.metric.piece[MD_FIXED_ONE] = 200;
    c->at.samples = 224;
}

static void fill_tables(md_checkpoint *c, int epochs)
{
    for (int i = 1; i <= epochs; i++) {
        md_epoch_row row = {.epoch = i,
                            .step = 100 * i,
                            .loss = 1.0 / i,
                            .accuracy = 0.9 + 0.001 * i,
                            .val_loss = 2.0 / i,
                            .val_accuracy = 0.8 + 0.001 * i,
                            .learning_rate = 1e-3 / i,
                            .seconds = 0.25,
                            .images_per_second = 1e5 + i,
                            .weights_xxh3 = 0xfedcba9876543210u + (uint64_t)i};
        md_checkpoint_add_epoch(c, &row, NULL);
        md_checkpoint_add_chain(c, &(md_chain_row){100 * i, row.weights_xxh3}, NULL);
        for (int rank = 0; rank < 2; rank++)
            md_checkpoint_add_ledger(c, &(md_ledger_row){i, rank, 2, 0.5, 0.25, 0.125}, NULL);
    }
}

static void fill_runs(md_checkpoint *c)
{
    for (int i = 0; i < 2; i++) {
        md_run_record record = {.config = strdup("train: {epochs: 10}\n"),
                                .command_line = strdup("mnist_dist --epochs 10"),
                                .hosts = strdup(i ? "node1 node2"
                                                  : "n\xc3\xb6"
                                                    "de1"),
                                .reducer = strdup("allreduce"),
                                .started = strdup("2026-01-31T12:00:00Z"),
                                .ranks = 2 + i,
                                .nodes = 1,
                                .exponent = 40 * i};
        md_checkpoint_add_run(c, &record, NULL);
    }
}

static void fill_images(md_golden *g, size_t pixels, size_t classes, double *values)
{
    for (size_t i = 0; i < g->count; i++)
        g->labels[i] = (int32_t)(i % classes);
    uint8_t *images = g->images;
    for (size_t i = 0; i < g->count * pixels; i++) {
        images[i] = (uint8_t)(i * 37);
        values[i] = images[i] / 255.0;
    }
}

static void fill_golden(md_checkpoint *c)
{
    enum { IMAGES = 4 };
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    const size_t pixels = (size_t)c->model.rows * (size_t)c->model.columns;
    const size_t classes = (size_t)md_model_spec_outputs(&c->model);
    md_golden *g = &c->golden;
    g->count = IMAGES;
    g->images = malloc(IMAGES * pixels);
    g->labels = malloc(IMAGES * sizeof *g->labels);
    g->logits = malloc(IMAGES * classes * sizeof *g->logits);
    double *values = malloc(IMAGES * pixels * sizeof *values);
    double *weights = malloc(layout.parameters * sizeof *weights);
    md_twin *twin;
    if (md_twin_create(&c->model, &twin, NULL))
        abort();
    fill_images(g, pixels, classes, values);
    for (size_t i = 0; i < layout.parameters; i++)
        weights[i] = (double)c->parameters[i];
    const md_twin_batch batch = {.samples = IMAGES, .pixels = values};
    for (size_t i = 0; i < IMAGES; i++) {
        const double *logits = md_twin_logits(twin, weights, &batch, i);
        for (size_t k = 0; k < classes; k++)
            g->logits[i * classes + k] = (float)logits[k];
    }
    md_twin_destroy(&twin);
    free(values);
    free(weights);
}

md_checkpoint *fixture_checkpoint(const md_model_spec *model, int epochs)
{
    md_checkpoint *c;
    if (md_checkpoint_create(model, 2, &c, NULL))
        abort();
    fill_blocks(c);
    fill_position(c, epochs);
    fill_tables(c, epochs);
    fill_runs(c);
    fill_golden(c);
    return c;
}

int fixture_run(const char *format, ...)
{
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

long fixture_open_ids(void)
{
    return (long)H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL);
}
