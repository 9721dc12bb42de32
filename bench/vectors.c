/* The kernels that pass over all parameters once a step. */
#include <stdlib.h>

#include "bench.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/nn/optimizer.h"
#include "results.h"

typedef struct blocks {
    const md_kernels *kernels;
    size_t count;
    float *g, *w, *m, *v;
    md_optimizer_spec optimizer;
    double squares; /* keeps the sum from being left out */
} blocks;

/* One step of the optimizer in turn, on all parameters. */
static void step(void *context)
{
    blocks *b = context;
    const md_optimizer_step step = {.spec = &b->optimizer,
                                    .kernels = b->kernels,
                                    .iteration = 1,
                                    .learning_rate = b->optimizer.learning_rate,
                                    .gradient_scale = 1.0 / 32.0};
    const md_optimizer_slice slice = {b->count, b->g, b->w, {b->m, b->v}};
    const md_optimizer *optimizer = md_optimizer_find(b->optimizer.kind);
    md_optimizer_constants constants;
    optimizer->begin(&step, &constants);
    optimizer->apply(&constants, &slice);
}

static void square_sum(void *context)
{
    blocks *b = context;
    b->squares += b->kernels->square_sum(b->g, b->count);
}

static void all_within(void *context)
{
    blocks *b = context;
    b->squares += b->kernels->all_within(b->g, b->count, 1e30f);
}

static const struct {
    const char *name;
    void (*run)(void *context);
    size_t bytes; /* read and written a parameter */
} kernels[] = {{"square sum", square_sum, 4}, {"all within", all_within, 4}};

static md_status make_blocks(blocks *b, md_error *err)
{
    float **floats[] = {&b->g, &b->w, &b->m, &b->v};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        md_status status =
            md_allocate((void **)floats[i], b->count, sizeof(float), "a block of parameters", err);
        if (status)
            return status;
        for (size_t j = 0; j < b->count; j++)
            (*floats[i])[j] = (float)(j % 97) * 0.01f;
    }
    return MD_OK;
}

static void measure(const md_bench *bench, blocks *b, const char *name, void (*run)(void *context),
                    size_t bytes)
{
    md_row row = {.section = "vectors", .name = name, .unit = "GB/s"};
    row.timing = md_measure(run, b, bench->seconds);
    row.rate = 1e-9 * (double)(b->count * bytes) / row.timing.median;
    md_report_row(bench->csv, &row);
}

/* Each reads the gradient and changes the parameters and its moments. */
static void measure_optimizers(const md_bench *bench, blocks *b)
{
    b->optimizer = md_optimizer_default();
    for (int kind = 0; kind < MD_OPTIMIZER_COUNT; kind++) {
        b->optimizer.kind = (md_optimizer_kind)kind;
        const md_optimizer_descriptor *about = md_optimizer_describe(b->optimizer.kind);
        measure(bench, b, about->word, step, (3 + 2 * (size_t)about->moments) * sizeof(float));
    }
}

md_status md_bench_vectors(md_bench *bench, md_error *err)
{
    md_model_spec spec = md_bench_model();
    md_layout layout;
    md_model_spec_layout(&spec, &layout);
    blocks b = {.kernels = bench->kernels, .count = layout.parameters};
    md_status status = make_blocks(&b, err);
    if (!status) {
        md_report_title(bench->csv, "Passes over all 109386 parameters");
        measure_optimizers(bench, &b);
    }
    for (size_t k = 0; !status && k < sizeof kernels / sizeof kernels[0]; k++)
        measure(bench, &b, kernels[k].name, kernels[k].run, kernels[k].bytes);
    free(b.g);
    free(b.w);
    free(b.m);
    free(b.v);
    return status;
}
