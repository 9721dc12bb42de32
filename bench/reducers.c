/* Every reducer against a plain MPI_Allreduce, on all ranks of this run. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/reducer.h"
#include "results.h"

enum { MOST_RUNS = 1000, LEAST_RUNS = 5, GRADIENT = 109386 };

/* What is exchanged: a batch of the notebook's model, for each sample the activations and the
 * gradients by them. */
enum { SAMPLES = 32, FACTORS = 404 };

/* Floats: 1 KB to 64 MB, and the gradient of the notebook's model (437 KB). */
static const size_t sizes[] = {256, 4096, 32768, GRADIENT, 1 << 20, 1 << 22, 1 << 24};

typedef struct contest {
    md_bench *bench;
    md_reducer *reducer;
    float *block; /* for the plain allreduce */
    size_t count;
    md_error *err;
} contest;

typedef md_status (*move)(contest *c);

static md_status barrier(contest *c)
{
    return md_comm_barrier(c->bench->comm, c->err);
}

static md_status plain(contest *c)
{
    return MD_MPI(MPI_Allreduce(MPI_IN_PLACE, c->block, (int)c->count, MPI_FLOAT, MPI_SUM,
                                md_comm_world(c->bench->comm)),
                  c->err);
}

/* What a reducer adds to a step: it takes a gradient, or what it is made of, brings that together
 * and publishes parameters. */
static md_status whole(contest *c)
{
    md_step_sums sums = {.values[1] = 1};
    md_reducer_add(c->reducer, SAMPLES, &sums);
    md_status status = md_reducer_reduce(c->reducer, SAMPLES, 0, &sums, c->err);
    if (!status)
        md_reducer_publish(c->reducer, 1);
    return status;
}

/* Collective: rank 0 decides how often, so that all do the same. A barrier before each run keeps
 * one run's stragglers out of the next. */
static md_status time_move(contest *c, move make, md_timing *out)
{
    double runs[MOST_RUNS], start = md_clock_now();
    md_status status = make(c);
    int64_t count = (int64_t)(c->bench->seconds / (md_clock_now() - start + 1e-6));
    count = count < LEAST_RUNS ? LEAST_RUNS : count > MOST_RUNS ? MOST_RUNS : count;
    if (!status)
        status = md_comm_broadcast(c->bench->comm, &count, sizeof count, 0, c->err);
    for (int64_t i = 0; !status && i < count; i++) {
        status = barrier(c);
        start = md_clock_now();
        if (!status)
            status = make(c);
        runs[i] = md_clock_now() - start;
    }
    if (!status)
        *out = md_timing_of(runs, (size_t)count);
    return status;
}

static md_status report(contest *c, const char *what, move make, double *median)
{
    char name[64];
    md_row row = {.section = "reducers", .name = name, .unit = "GB/s"};
    snprintf(name, sizeof name, "%s %zu KB", what, c->count * sizeof(float) / 1024);
    md_status status = time_move(c, make, &row.timing);
    if (status)
        return status;
    *median = row.timing.median;
    row.rate = 1e-9 * (double)(c->count * sizeof(float)) / *median;
    md_report_row(c->bench->csv, &row);
    return MD_OK;
}

static md_range cut(const void *context, int part, int parts)
{
    return md_range_part((md_range){0, ((const contest *)context)->count}, part, parts);
}

static md_status contend(contest *c, md_reducer_kind kind, double yardstick)
{
    const md_matrix matrix = {FACTORS, 1};
    const md_reducer_params params = {.kind = kind,
                                      .parameters = c->count,
                                      .rows = 1,
                                      .batch = SAMPLES,
                                      .values = 2,
                                      .cut = cut,
                                      .context = c,
                                      .matrices = &matrix,
                                      .matrix_count = 1,
                                      .all_within = c->bench->kernels->all_within};
    double median;
    md_status status = md_reducer_create(c->bench->comm, &params, &c->reducer, c->err);
    if (status)
        return status;
    status = report(c, md_reducer_abouts[kind].name, whole, &median);
    if (!status)
        md_report_note(c->bench->csv, "  %.2f of MPI_Allreduce", median / yardstick);
    md_reducer_destroy(&c->reducer);
    return status;
}

static md_status compare_at(contest *c)
{
    double yardstick;
    void *block;
    md_status status = md_allocate(&block, c->count, sizeof(float), "a block", c->err);
    status = md_agree(c->bench->comm, status, c->err);
    c->block = block;
    if (!status)
        status = report(c, "MPI_Allreduce", plain, &yardstick);
    for (int kind = 0; !status && kind < MD_REDUCER_KINDS; kind++)
        status = contend(c, (md_reducer_kind)kind, yardstick);
    free(block);
    return status;
}

md_status md_bench_reducers(md_bench *bench, md_error *err)
{
    contest c = {.bench = bench, .err = err};
    md_row row = {.section = "reducers", .name = "MPI_Barrier"};
    md_report_title(bench->csv, "Reducers: take a gradient, sum it over all ranks, publish");
    md_status status = time_move(&c, barrier, &row.timing);
    if (!status)
        md_report_row(bench->csv, &row);
    for (size_t i = 0; !status && i < sizeof sizes / sizeof *sizes; i++) {
        c.count = sizes[i];
        status = compare_at(&c);
    }
    return status;
}
