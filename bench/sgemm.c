#include <stdlib.h>

#include "bench.h"
#include "mnist_dist/base/memory.h"
#include "results.h"

/* Large enough for the full rate, small enough to run between two interruptions. */
enum { LARGE = 512, ELEMENTS = LARGE * LARGE, EPOCH = 60000 };

typedef struct matrices {
    const md_kernels *kernels;
    float *a, *b, *c; /* [ELEMENTS] */
} matrices;

static void multiply(const matrices *m, size_t rows, size_t depth, size_t columns)
{
    m->kernels->product(&(md_product){.rows = rows,
                                      .columns = columns,
                                      .depth = depth,
                                      .a = m->a,
                                      .a_row = depth,
                                      .a_step = 1,
                                      .b = m->b,
                                      .c = m->c});
}

static void multiply_large(void *context)
{
    multiply(context, LARGE, LARGE, LARGE);
}

/* The first layer's forward product at batch 128: all of it stays in the L2 cache. */
static const size_t rows = 128, depth = 784, columns = 128;

static void multiply_in_cache(void *context)
{
    multiply(context, rows, depth, columns);
}

md_model_spec md_bench_model(void)
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

/* Two products a dense layer, three but for the first: multiplications and additions a sample. */
static double flops_per_sample(void)
{
    md_model_spec spec = md_bench_model();
    md_layout layout;
    double flops = 0.0;
    md_model_spec_layout(&spec, &layout);
    for (int i = 0; i < layout.tensor_count; i += 2)
        flops += (i == 0 ? 4.0 : 6.0) * (double)layout.tensors[i].count;
    return flops;
}

static void report(const md_bench *bench, const char *name, md_timing timing, double flops)
{
    double epoch = flops_per_sample() * (double)EPOCH / flops * timing.min;
    md_report_row(bench->csv, &(md_row){.section = "sgemm",
                                        .name = name,
                                        .timing = timing,
                                        .rate = flops / timing.median * 1e-9,
                                        .unit = "GFLOP/s"});
    md_report_note(bench->csv,
                   "  %.1f GFLOP/s at best: an epoch of %d samples with every pixel multiplied, "
                   "%.1f kFLOP each, takes %.3f s or more",
                   flops / timing.min * 1e-9, EPOCH, flops_per_sample() * 1e-3, epoch);
}

static md_status make_matrices(matrices *m, md_error *err)
{
    float **all[] = {&m->a, &m->b, &m->c};
    for (size_t i = 0; i < 3; i++) {
        md_status status = md_allocate((void **)all[i], ELEMENTS, sizeof(float), "a matrix", err);
        if (status)
            return status;
        for (size_t j = 0; j < ELEMENTS; j++)
            (*all[i])[j] = (float)(j % 17) * 0.1f;
    }
    return MD_OK;
}

md_status md_bench_sgemm(md_bench *bench, md_error *err)
{
    matrices m = {.kernels = bench->kernels};
    md_status status = make_matrices(&m, err);
    if (!status) {
        md_report_title(bench->csv, "Dense products");
        report(bench, "512 x 512 x 512", md_measure(multiply_large, &m, bench->seconds * 5.0),
               2.0 * (double)ELEMENTS * (double)LARGE);
        report(bench, "128 x 784 x 128", md_measure(multiply_in_cache, &m, bench->seconds),
               2.0 * (double)(rows * columns * depth));
    }
    free(m.a);
    free(m.b);
    free(m.c);
    return status;
}
