/* Who hears of training as it goes: progress bars, logs, tests. Called on rank 0 only, several one
 * after the other; any slot may be NULL. Observers never change the run. */
#ifndef MNIST_DIST_TRAIN_OBSERVER_H
#define MNIST_DIST_TRAIN_OBSERVER_H

#include <stdint.h>

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/config/config.h"

/* How the run is cut into steps: the same on every rank, known before the first one. */
typedef struct md_run_shape {
    size_t images, validation_images; /* trained on; judged by */
    size_t batch;                     /* images of a global batch, over all ranks */
    int64_t steps_per_epoch;
    int64_t last_step;      /* the run ends after this many */
    int64_t schedule_steps; /* how long the schedule is */
} md_run_shape;

/* The run before its first step in this process. Everything is borrowed, for the call alone. */
typedef struct md_run_info {
    const md_config *config;
    const md_run_record *record; /* of this process: ranks, nodes, reducer, storage, kernels */
    const md_run_shape *shape;
    const md_model_spec *spec;
    size_t parameters;
    int64_t first_step;   /* > 0: resumed */
    int node_ranks, cpus; /* of rank 0's node; cpus 0: unknown */
    int active;           /* of those ranks, that may compute; see md_comm_give_places */
    double density;       /* share of non-zero pixels */
} md_run_info;

/* What a step consists of, in its order. */
enum { MD_STEP_PHASES = 5 };
static const char *const md_step_phases[MD_STEP_PHASES] = {"gather", "forward", "backward",
                                                           "reduce", "optimizer"};

typedef struct md_step_info {
    int64_t step;  /* finished steps */
    int64_t epoch; /* from 1 */
    int64_t step_in_epoch;
    double loss, metric; /* means over the open epoch so far; see checkpoint/metric.h */
    double step_loss;    /* mean over this step's batch */
    double learning_rate, images_per_second;
    double gradient_norm, weight_norm; /* debug mode only, else NaN */
    double phase_s[MD_STEP_PHASES];    /* debug mode only */
} md_step_info;

typedef struct md_observer {
    void *context;
    void (*start)(void *context, const md_run_info *info);
    void (*step)(void *context, const md_step_info *info);
    void (*epoch)(void *context, const md_epoch_row *row, int best);
} md_observer;

#endif
