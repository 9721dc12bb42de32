/* What the parts of the benchmark share. Each part is a function in a file of its own, listed in
 * bench.c's table; all of them run in one process, so that their numbers can be compared. */
#ifndef MNIST_DIST_BENCH_BENCH_H
#define MNIST_DIST_BENCH_BENCH_H

#include "bench_images.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/nn/kernels.h"

typedef struct md_bench {
    md_comm *comm; /* all ranks; those but 0 print nothing */
    const char *data;
    const md_kernels *kernels;
    md_bench_images images;
    double seconds; /* to spend on each row */
    int csv;
} md_bench;

/* The notebook's model: 784, 128 relu, 64 relu, 10 softmax. */
md_model_spec md_bench_model(void);

/* (a) The core's rate of single-precision products, and how fast an epoch could be at it. */
md_status md_bench_sgemm(md_bench *bench, md_error *err);

/* (b) Each kernel, at the sizes of the model and at several batch sizes. */
md_status md_bench_layers(md_bench *bench, md_error *err);  /* per batch */
md_status md_bench_vectors(md_bench *bench, md_error *err); /* per block of all parameters */

/* At which density of pixels compressed rows win. */
md_status md_bench_density(md_bench *bench, md_error *err);

/* (c) Whole steps of the trainer, split by phase. Collective. */
md_status md_bench_steps(md_bench *bench, md_error *err);

/* (d) Every reducer against MPI_Allreduce. Collective. */
md_status md_bench_reducers(md_bench *bench, md_error *err);

#endif
