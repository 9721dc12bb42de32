#include "bounds.h"

#include <stdlib.h>

#include "measure.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/nn/optimizer.h"

/* A product and a step of Adam on blocks that lie in the nearest cache together. */
enum { ROWS = 32, DEPTH = 64, COLUMNS = 64, COUNT = DEPTH * COLUMNS / 2 };

typedef struct blocks {
    const md_kernels *kernels;
    float *a, *b, *c, *d; /* [DEPTH][COLUMNS] */
} blocks;

static void multiply(void *context)
{
    const blocks *m = context;
    m->kernels->product(&(md_product){.rows = ROWS,
                                      .columns = COLUMNS,
                                      .depth = DEPTH,
                                      .a = m->a,
                                      .a_row = DEPTH,
                                      .a_step = 1,
                                      .b = m->b,
                                      .c = m->c});
}

static void update(void *context)
{
    const blocks *m = context;
    const md_adam_step step = {.gradient_scale = 1.0f / 32.0f,
                               .step_size = 1e-3f,
                               .gain_1 = 0.1f,
                               .gain_2 = 1e-3f,
                               .epsilon = 1e-7f};
    m->kernels->adam(&step, COUNT, m->a, m->b, m->c, m->d);
}

md_status md_bench_bounds_measure(const md_bench *bench, md_bench_bounds *out, md_error *err)
{
    blocks m = {.kernels = bench->kernels};
    float **all[] = {&m.a, &m.b, &m.c, &m.d};
    md_status status = MD_OK;
    for (size_t i = 0; !status && i < sizeof all / sizeof *all; i++) {
        status =
            md_allocate((void **)all[i], (size_t)DEPTH * COLUMNS, sizeof(float), "a block", err);
        for (size_t j = 0; !status && j < (size_t)DEPTH * COLUMNS; j++)
            (*all[i])[j] = (float)(j % 17) * 0.1f;
    }
    if (!status) {
        out->multiply_add =
            md_measure(multiply, &m, bench->seconds).min / (double)(ROWS * DEPTH * COLUMNS);
        out->update = md_measure(update, &m, bench->seconds).min / (double)COUNT;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(*all[i]);
    return status;
}

void md_bench_bounds_phases(const md_bench_bounds *bounds, double density, double batch, int ranks,
                            int exchanges, double out[MD_STEP_PHASES])
{
    enum { GATHER, FORWARD, BACKWARD, REDUCE, OPTIMIZER };
    const md_model_spec spec = md_bench_model();
    md_layout layout;
    md_model_spec_layout(&spec, &layout);
    const double own = batch / (double)ranks * bounds->multiply_add;
    double rest = 0.0;
    for (int i = 2; i < layout.tensor_count; i += 2)
        rest += (double)layout.tensors[i].count;
    const double all = density * (double)layout.tensors[0].count + rest;
    out[GATHER] = out[REDUCE] = 0.0;
    out[FORWARD] = all * own;
    out[BACKWARD] = (exchanges ? rest : rest + all) * own;
    out[OPTIMIZER] = (double)layout.parameters * bounds->update;
    if (exchanges)
        out[OPTIMIZER] = out[OPTIMIZER] / (double)ranks + all * own;
}
