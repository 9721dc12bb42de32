/* Data-parallel training: every rank computes the gradient of its part of the global batch, the
 * reducer sums them, and every replica takes the same optimizer step. */
#ifndef MNIST_DIST_TRAIN_TRAINER_H
#define MNIST_DIST_TRAIN_TRAINER_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/resilience/fault.h"
#include "mnist_dist/train/observer.h"
#include "mnist_dist/train/run.h"
#include "mnist_dist/train/stop.h"

/* Everything is borrowed; stop and inject may be NULL. */
typedef struct md_train_params {
    const char *command_line;     /* for provenance */
    const md_observer *observers; /* rank 0's are called, in order */
    size_t observer_count;
    const md_stop *stop;
    md_fault *inject;
    int debug; /* gradient check first, norms and times of every step, no watchdog */
    /* On every rank: with 1 once the watchdog looks on, with 0 just before it ceases to, while all
     * ranks still have to come together; may be NULL. */
    void (*watched)(int looking, void *context);
    /* A stall was noticed: tells the user, ends the process; see md_heartbeat_params. NULL on all
     * ranks: there is no watchdog. */
    void (*on_stall)(const char *message, void *context);
    void *context; /* of both */
} md_train_params;

/* The same on every rank. */
typedef struct md_train_result {
    int64_t epochs, steps; /* finished, since the run's very start */
    int64_t total_steps;   /* what the configuration asks for */
    double val_loss, val_accuracy, val_mae,
        val_r2; /* NaN without validation, or of another answer */
    uint64_t weights_xxh3;
    double seconds;           /* first step to the end of the last save, in this process */
    double images_per_second; /* over the time inside steps */
} md_train_result;

/* Collective over comm. Trains run->config to its end, saving as it goes. MD_STOPPED: stopped on
 * request after saving, *result tells where. Errors are agreed: the same status and text on every
 * rank. A resumed run that has ended with an epoch gives the result in its history and does not
 * need its data, unless debugging. Takes over run->resumed; without one, an earlier run in the
 * folder is moved aside once nothing stands in the way of the first step. */
md_status md_train(md_comm *comm, md_run *run, const md_train_params *params,
                   md_train_result *result, md_error *err);

#endif
