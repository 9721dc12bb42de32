/* A whole training run inside a test: what `mnist_dist train` does, on any communicator, into a
 * temporary folder. */
#ifndef MNIST_DIST_TEST_TRAIN_TRIAL_H
#define MNIST_DIST_TEST_TRAIN_TRIAL_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/train/trainer.h"
#include "temporary.h"

enum { TRIAL_MAX_STEPS = 1000 };

typedef struct trial {
    const char *const *assignments; /* "section.key=value", ending with NULL */
    const md_model_spec *model;     /* NULL: as configured */
    int resume;
    int stop_after; /* asks to stop in this step (from 1); 0: never */
    md_fault *inject;
    double losses[TRIAL_MAX_STEPS]; /* rank 0: mean loss of each step of this process */
    int steps;
    md_train_result result;
    md_error err;
    md_stop stop;
    char watched[8]; /* what md_train said of its watchdog: "10" is on, then off */
} trial;

/* A folder that all ranks of `comm` know, made by its rank 0; removed by trial_clean. */
void trial_folder(MPI_Comm comm, char path[TEST_PATH]);
void trial_clean(MPI_Comm comm, const char *path);

/* Collective over comm. Trains into `folder`. */
md_status trial_run(MPI_Comm comm, const char *folder, trial *t);

/* Rank 0 of comm: the folder's last.h5, to be destroyed by the caller; NULL elsewhere. */
md_checkpoint *trial_last(MPI_Comm comm, const char *folder);

#endif
