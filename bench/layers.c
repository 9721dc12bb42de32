/* The kernels of a training step, at each layer's size. */
#include <stdio.h>

#include "arena.h"
#include "results.h"

static void sparse_forward(void *context)
{
    md_arena *a = context;
    md_arena_next_rows(a);
    a->kernels->sparse_forward(a->rows, a->n, a->w, a->b, a->out, a->y);
}

static void sparse_gradient(void *context)
{
    md_arena *a = context;
    md_arena_next_rows(a);
    a->kernels->sparse_columns(a->rows, a->n, 0, a->in, a->scratch);
    const md_sparse_gradient p = {.scratch = a->scratch,
                                  .n = a->n,
                                  .pixels = a->in,
                                  .count = a->in,
                                  .out = a->out,
                                  .dy = a->y,
                                  .dw = a->spare};
    a->kernels->sparse_gradient(&p);
}

static void forward(void *context)
{
    md_arena *a = context;
    md_product p = {.rows = a->n,
                    .columns = a->out,
                    .depth = a->in,
                    .a = a->x,
                    .a_row = a->in,
                    .a_step = 1,
                    .b = a->w,
                    .start = a->b,
                    .c = a->y};
    a->kernels->product(&p);
}

static void weight_gradient(void *context)
{
    md_arena *a = context;
    md_product p = {.rows = a->in,
                    .columns = a->out,
                    .depth = a->n,
                    .a = a->x,
                    .a_row = 1,
                    .a_step = a->in,
                    .b = a->y,
                    .c = a->spare};
    a->kernels->product(&p);
}

static void input_gradient(void *context)
{
    md_arena *a = context;
    md_product p = {.rows = a->n,
                    .columns = a->in,
                    .depth = a->out,
                    .a = a->y,
                    .a_row = a->out,
                    .a_step = 1,
                    .b = a->w,
                    .b_transposed = 1,
                    .c = a->x};
    a->kernels->product(&p);
}

static void relu(void *context)
{
    md_arena *a = context;
    a->kernels->relu(a->y, a->n * a->out);
}

static void relu_gradient(void *context)
{
    md_arena *a = context;
    a->kernels->relu_gradient(a->x, a->y, a->n * a->out);
}

static void column_sum(void *context)
{
    md_arena *a = context;
    a->kernels->column_sum(a->y, a->n, a->out, a->b);
}

static void loss(void *context)
{
    md_arena *a = context;
    const int classes = md_loss_describe(a->loss_kind)->goes_with == MD_SOFTMAX;
    const md_model_spec spec = {.huber_delta = 1.0};
    const md_loss_batch batch = {
        .kernels = a->kernels,
        .spec = &spec,
        .n = a->n,
        .width = a->out,
        .z = a->x,
        .labels = classes ? md_store_labels(&a->images->store, MD_SPLIT_TRAIN) : NULL,
        .targets = a->x,
        .loss = a->loss,
        .dz = a->y,
        .error = a->loss}; /* nobody looks */
    md_loss_find(a->loss_kind)->compute(&batch);
}

static void bytes_to_floats(void *context)
{
    md_arena *a = context;
    a->kernels->bytes_to_floats(a->pixels, a->x, a->n * a->in);
}

typedef struct kernel {
    const char *name;
    void (*run)(void *context);
    size_t in, out;
    int product; /* 2 * in * out operations a sample? */
} kernel;

static const kernel kernels[] = {{"sparse forward 784-128", sparse_forward, 784, 128, 0},
                                 {"sparse gradient 784-128", sparse_gradient, 784, 128, 0},
                                 {"dense forward 784-128", forward, 784, 128, 1},
                                 {"weight gradient 784-128", weight_gradient, 784, 128, 1},
                                 {"dense forward 128-64", forward, 128, 64, 1},
                                 {"weight gradient 128-64", weight_gradient, 128, 64, 1},
                                 {"input gradient 128-64", input_gradient, 128, 64, 1},
                                 {"dense forward 64-10", forward, 64, 10, 1},
                                 {"weight gradient 64-10", weight_gradient, 64, 10, 1},
                                 {"input gradient 64-10", input_gradient, 64, 10, 1},
                                 {"dense forward 1024-1024", forward, 1024, 1024, 1},
                                 {"weight gradient 1024-1024", weight_gradient, 1024, 1024, 1},
                                 {"input gradient 1024-1024", input_gradient, 1024, 1024, 1},
                                 {"relu 128", relu, 784, 128, 0},
                                 {"relu gradient 128", relu_gradient, 784, 128, 0},
                                 {"column sum 128", column_sum, 784, 128, 0},
                                 {"bytes to floats 784", bytes_to_floats, 784, 128, 0}};

static const size_t batches[] = {8, 16, 32, MD_BENCH_BATCH};

static void measure_at(const md_bench *bench, const kernel *k, md_arena *arena, size_t n)
{
    arena->n = n;
    arena->in = k->in;
    arena->out = k->out;
    md_row row = {.section = "layers", .name = k->name, .batch = n, .unit = "GFLOP/s"};
    row.timing = md_measure(k->run, arena, bench->seconds);
    if (k->product)
        row.rate = 2e-9 * (double)(n * k->in * k->out) / row.timing.median;
    md_report_row(bench->csv, &row);
}

static void measure(const md_bench *bench, const kernel *k, md_arena *arena)
{
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
        measure_at(bench, k, arena, batches[b]);
}

static void measure_losses(const md_bench *bench, md_arena *arena)
{
    for (int kind = MD_LOSS_AUTO + 1; kind < MD_LOSS_COUNT; kind++) {
        arena->loss_kind = (md_loss_kind)kind;
        const kernel k = {md_loss_describe(arena->loss_kind)->word, loss, 64, 10, 0};
        measure(bench, &k, arena);
    }
}

md_status md_bench_layers(md_bench *bench, md_error *err)
{
    if (md_store_features(&bench->images.store) != kernels[0].in)
        return md_fail(err, MD_USAGE, "the layers are measured with images of %zu pixels, not %zu",
                       kernels[0].in, md_store_features(&bench->images.store));
    md_arena arena;
    md_status status = md_arena_create(bench, &arena, err);
    if (!status) {
        md_report_title(bench->csv, "Kernels of a training step");
        for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
            measure(bench, &kernels[k], &arena);
        measure_losses(bench, &arena);
    }
    md_arena_free(&arena);
    return status;
}

/* Forward and gradient of the first layer, over rows and over every pixel. */
static void sparse_pass(void *context)
{
    sparse_forward(context);
    sparse_gradient(context);
}

static void dense_pass(void *context)
{
    bytes_to_floats(context);
    forward(context);
    weight_gradient(context);
}

static md_status measure_density(const md_bench *bench, double density, md_arena arena,
                                 md_error *err)
{
    md_source_shape shape = {.rows = 28, .columns = 28, .images = {2000, 0}};
    char name[40];
    md_bench_images noise = {0};
    md_status status = md_bench_images_draw(&shape, density, &noise, err);
    if (!status) {
        arena.images = &noise;
        snprintf(name, sizeof name, "rows at density %.1f", density);
        md_report_row(bench->csv,
                      &(md_row){.section = "density",
                                .name = name,
                                .batch = arena.n,
                                .timing = md_measure(sparse_pass, &arena, bench->seconds)});
    }
    md_bench_images_free(&noise);
    return status;
}

md_status md_bench_density(md_bench *bench, md_error *err)
{
    md_arena arena;
    md_status status = md_arena_create(bench, &arena, err);
    if (!status)
        md_report_title(bench->csv, "First layer, forward and gradient");
    for (size_t n = 32; !status && n <= MD_BENCH_BATCH; n *= 4) {
        arena.n = n;
        arena.in = kernels[0].in;
        arena.out = kernels[0].out;
        md_report_row(bench->csv,
                      &(md_row){.section = "density",
                                .name = "every pixel",
                                .batch = n,
                                .timing = md_measure(dense_pass, &arena, bench->seconds)});
        for (int tenths = 1; !status && tenths <= 10; tenths++)
            status = measure_density(bench, tenths * 0.1, arena, err);
    }
    md_arena_free(&arena);
    return status;
}
