/* mnist_dist_bench: how fast the parts of the trainer are on this machine. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "mnist_dist/base/parse.h"
#include "results.h"

static const struct {
    const char *name;
    md_status (*run)(md_bench *bench, md_error *err);
    int all_ranks; /* else rank 0 alone, while the others wait */
} parts[] = {{"sgemm", md_bench_sgemm, 0},     {"layers", md_bench_layers, 0},
             {"vectors", md_bench_vectors, 0}, {"density", md_bench_density, 0},
             {"steps", md_bench_steps, 1},     {"reducers", md_bench_reducers, 1}};

enum { PARTS = sizeof parts / sizeof parts[0] };

typedef struct options {
    int csv;
    double seconds;
    const char *data;
    unsigned char wanted[PARTS];
} options;

static const struct argp_option option_list[] = {
    {"csv", 'c', NULL, 0, "Print comma-separated values", 0},
    {"data", 'd', "PATH", 0, "Images to measure with (default synthetic)", 0},
    {"seconds", 's', "S", 0, "Time to spend on each row (default 0.2)", 0},
    {0}};

static int find_part(const char *name)
{
    int i = 0;
    while (i < PARTS && strcmp(parts[i].name, name) != 0)
        i++;
    return i;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'c':
        o->csv = 1;
        return 0;
    case 'd':
        o->data = text;
        return 0;
    case 's':
        if (!md_parse_f64(text, &o->seconds) || o->seconds <= 0.0)
            argp_error(state, "--seconds takes a number above 0, not '%s'", text);
        return 0;
    case ARGP_KEY_ARG:
        if (find_part(text) == PARTS)
            argp_error(state, "no part '%s'; --help names them", text);
        o->wanted[find_part(text)] = 1;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    option_list,
    parse_option,
    "[PART...]",
    "Measures the parts of mnist_dist: sgemm, layers, vectors and density on one core, steps and "
    "reducers on all ranks (default all).",
    NULL,
    NULL,
    NULL};

static md_status run_parts(const options *o, md_bench *bench, md_error *err)
{
    int all = !memchr(o->wanted, 1, sizeof o->wanted);
    if (o->csv)
        md_report_csv_header();
    for (int i = 0; i < PARTS; i++) {
        const int mine = parts[i].all_ranks || md_comm_rank(bench->comm) == 0;
        md_status status = mine && (all || o->wanted[i]) ? parts[i].run(bench, err) : MD_OK;
        status = md_agree(bench->comm, status, err);
        if (status)
            return status;
    }
    return MD_OK;
}

static md_status run(const options *o, md_error *err)
{
    md_bench bench = {
        .data = o->data, .kernels = md_kernels_get(), .seconds = o->seconds, .csv = o->csv};
    md_status status = md_comm_create(MPI_COMM_WORLD, 0, &bench.comm, err);
    if (status)
        return status;
    status = md_agree(bench.comm, md_bench_images_read(o->data, &bench.images, err), err);
    if (!status) {
        md_report_note(o->csv, "%d ranks, kernels %s; %s, density %.3f", md_comm_size(bench.comm),
                       bench.kernels->name, o->data, bench.images.store.header->density);
        status = run_parts(o, &bench, err);
    }
    md_bench_images_free(&bench.images);
    md_comm_destroy(&bench.comm);
    return status;
}

int main(int argc, char **argv)
{
    options o = {.seconds = 0.2, .data = "synthetic:6000"};
    md_error err;
    int rank;
    argp_err_exit_status = MD_USAGE;
    argp_parse(&parser, argc, argv, 0, NULL, &o);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank != 0 && !freopen("/dev/null", "w", stdout))
        MPI_Abort(MPI_COMM_WORLD, 1);
    md_status status = run(&o, &err);
    if (status && rank == 0)
        fprintf(stderr, "mnist_dist_bench: %s\n", err.text);
    MPI_Finalize();
    return (int)status;
}
