#include "checkpoint_fixtures.h"

#include <hdf5.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "mnist_dist/base/memory.h"

md_model_spec fixture_small_model(void)
{
    md_model_spec spec = {
        .rows = 4,
        .columns = 3,
        .layer_count = 4,
        .layers = {{.kind = MD_LAYER_FLATTEN},
                   {.kind = MD_LAYER_DENSE, .units = 5, .activation = MD_RELU},
                   {.kind = MD_LAYER_DROPOUT, .rate = 0.2},
                   {.kind = MD_LAYER_DENSE, .units = 3, .activation = MD_SOFTMAX}}};
    md_model_spec_name_layers(&spec);
    return spec;
}

md_model_spec fixture_notebook_model(void)
{
    md_model_spec spec = {
        .rows = 28,
        .columns = 28,
        .layer_count = 4,
        .layers = {{.kind = MD_LAYER_FLATTEN},
                   {.kind = MD_LAYER_DENSE, .units = 128, .activation = MD_RELU},
                   {.kind = MD_LAYER_DENSE, .units = 64, .activation = MD_RELU},
                   {.kind = MD_LAYER_DENSE, .units = 10, .activation = MD_SOFTMAX}}};
    md_model_spec_name_layers(&spec);
    return spec;
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
    c->best_val_accuracy = epochs > 1 ? 0.9781 : NAN;
    c->at.loss_q32 = (INT64_C(1) << 53) + 1; /* what no double holds */
    c->at.correct = 200;
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

/* Logits of one image by the definition: y = x W + b, W [in, out]; ReLU between. In place on x[],
 * which holds as many values as the widest layer. */
static void forward(const md_checkpoint *c, const md_layout *layout, double *x)
{
    double y[1024];
    for (int i = 0; i < layout->tensor_count; i += 2) {
        const md_tensor *kernel = &layout->tensors[i], *bias = kernel + 1;
        for (size_t out = 0; out < bias->count; out++) {
            y[out] = c->parameters[bias->offset + out];
            for (size_t in = 0; in < kernel->shape[0]; in++)
                y[out] += x[in] * c->parameters[kernel->offset + in * bias->count + out];
        }
        int last = i + 2 == layout->tensor_count;
        for (size_t out = 0; out < bias->count; out++)
            x[out] = last ? y[out] : fmax(y[out], 0.0);
    }
}

static void fill_golden(md_checkpoint *c)
{
    enum { IMAGES = 4 };
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    size_t pixels = (size_t)c->model.rows * (size_t)c->model.columns;
    size_t classes = (size_t)md_model_spec_classes(&c->model);
    md_golden *g = &c->golden;
    g->count = IMAGES;
    g->images = malloc(IMAGES * pixels);
    g->labels = malloc(IMAGES);
    g->logits = malloc(IMAGES * classes * sizeof(float));
    for (size_t i = 0; i < IMAGES; i++) {
        double x[1024];
        for (size_t p = 0; p < pixels; p++) {
            g->images[i * pixels + p] = (uint8_t)((i * pixels + p) * 37);
            x[p] = g->images[i * pixels + p] / 255.0;
        }
        forward(c, &layout, x);
        for (size_t k = 0; k < classes; k++)
            g->logits[i * classes + k] = (float)x[k];
        g->labels[i] = (uint8_t)(i % classes);
    }
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
