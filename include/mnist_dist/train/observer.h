/* Who hears of training as it goes: progress bars, logs, tests. One of the five ops structs. Called
 * on rank 0 only, several one after the other; any slot may be NULL. Observers never change the
 * run. */
#ifndef MNIST_DIST_TRAIN_OBSERVER_H
#define MNIST_DIST_TRAIN_OBSERVER_H

#include <stdint.h>

#include "mnist_dist/checkpoint/checkpoint.h"

/* The run's shape, known before the first step. */
typedef struct md_run_info {
    int ranks, nodes, node_ranks, cpus; /* node_ranks, cpus: of rank 0's node; cpus 0: unknown */
    int threads;                        /* BLAS threads per rank */
    const char *reducer, *storage, *kernels, *source, *output;
    double density; /* share of non-zero pixels */
    int64_t train_images, validation_images;
    int64_t epochs, steps_per_epoch, total_steps;
    int64_t batch_size, first_step; /* first_step > 0: resumed */
    size_t parameters;
    const md_model_spec *spec;
} md_run_info;

typedef struct md_step_info {
    int64_t step;  /* finished steps */
    int64_t epoch; /* from 1 */
    int64_t step_in_epoch;
    double loss, accuracy; /* means over the open epoch so far */
    double step_loss;      /* mean over this step's batch */
    double learning_rate, images_per_second;
    double gradient_norm, weight_norm; /* debug mode only, else NaN */
    double phase_s[5]; /* gather, forward, backward, reduce, optimizer; debug mode only */
} md_step_info;

typedef struct md_observer {
    void *context;
    void (*start)(void *context, const md_run_info *info);
    void (*step)(void *context, const md_step_info *info);
    void (*epoch)(void *context, const md_epoch_row *row, int best);
} md_observer;

#endif
