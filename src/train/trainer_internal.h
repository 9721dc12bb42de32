/* What the files of the trainer share. */
#ifndef MNIST_DIST_TRAIN_TRAINER_INTERNAL_H
#define MNIST_DIST_TRAIN_TRAINER_INTERNAL_H

#include "mnist_dist/comm/reducer.h"
#include "mnist_dist/data/provenance.h"
#include "mnist_dist/nn/optimizer.h"
#include "mnist_dist/nn/schedule.h"
#include "mnist_dist/resilience/heartbeat.h"
#include "mnist_dist/train/dataset.h"
#include "mnist_dist/train/evaluate.h"
#include "mnist_dist/train/pace.h"
#include "mnist_dist/train/trainer.h"
#include "prefetch.h"

/* Seconds spent since the last reset, of this rank. */
typedef struct md_times {
    double phase[MD_STEP_PHASES];
    double steps;   /* whole steps */
    double io;      /* saving, and waiting for rank 0 to save */
    int64_t images; /* trained on in the steps, by all ranks */
} md_times;

typedef struct md_trainer {
    const md_config *config;
    const md_train_params *params;
    md_run *run;
    md_comm *comm; /* own, with the configured node size */
    int rank, ranks;

    md_dataset *dataset;
    md_model_spec spec; /* the configured model on the data's shape */
    md_model *model;    /* of the steps */
    md_batcher *batcher;
    md_inference inference; /* and one that computes in memory of its own */
    const md_kernels *kernels;
    const md_optimizer_descriptor *optimizer; /* the configured one, */
    const md_optimizer *updates;              /* and its arithmetic */
    md_optimizer_constants constants;         /* of the step at hand */
    md_reducer *reducer;
    int answers_numbers;  /* the model does; see md_answer */
    int exchanges;        /* it does not sum gradients; see md_reducer_matrices */
    float *density;       /* [features]: in how many images a pixel is not zero; NULL: in all */
    md_pace pace;         /* rank 0: how many ranks compute, */
    int varies;           /* if that is to be found by timing */
    int64_t active_steps; /* of this process, each counted once for every rank that computed */
    md_matrix matrices[MD_MODEL_MOST_MATRICES];
    int needs_norm; /* of the gradient, in every step */
    md_heartbeat *heartbeat;

    md_run_shape shape;
    uint32_t *order;       /* [shape.images]: the open epoch's permutation; NULL: streamed */
    int64_t order_epoch;   /* for which epoch `order` holds, or -1 */
    md_prefetch *prefetch; /* NULL: the features are resident */
    uint32_t *ids;         /* [shape.batch]: those of a streamed batch; else NULL */
    md_position at, ended; /* now; after the last step of the epoch that ended last */

    md_times epoch_times, run_times;
    double first_step_at;   /* md_clock_now() of this process's first step, 0 before */
    double last_save_at;    /* when the last attempt ended */
    int64_t meet_at;        /* step after which rank 0's clock is asked for */
    int64_t process_images; /* trained on by all ranks in this process */

    md_checkpoint *state; /* what a save writes; kept up to date on rank 0 only */
    struct {
        double value;
        int64_t epoch;
    } best_before;      /* what the state said of the best before the last save began */
    int64_t saved_step; /* step of the last good save; -1: none */
    int64_t save_failures;
    md_evaluation validation; /* of the last finished epoch */
} md_trainer;

/* build.c. Collective: everything up to the first step, from t's config, params and run; and the
 * end of it, which also undoes a set-up that failed half way. */
md_status md_trainer_set_up(md_trainer *t, md_comm *comm, md_error *err);
void md_trainer_tear_down(md_trainer *t);
int md_trainer_is_reproducible(const md_trainer *t); /* local */

/* fit.c. Local: t->spec becomes the configured model, or the default one, on the data's shape, if
 * it can answer what they ask. */
md_status md_trainer_fit_model(md_trainer *t, md_error *err);

/* load.c. Collective: the data set, and how many samples are trained on and judged by. */
md_status md_trainer_load(md_trainer *t, md_error *err);

/* resume.c */
/* Local, rank 0: the resumed checkpoint becomes the state, after checks that need data and model.
 */
md_status md_trainer_adopt_checkpoint(md_trainer *t, md_error *err);
/* Local. An imported model has seen no data yet, and the configuration is free to choose how it
 * goes on; another rule than Adam has no use for Adam's moments. */
md_status md_trainer_start_imported(const md_trainer *t, md_checkpoint *c, md_error *err);

/* batch.c */
/* The coming step's batch, as positions in the open epoch's order, and this rank's part of it. */
md_range md_trainer_batch(const md_trainer *t);
md_range md_trainer_part(const md_trainer *t);
/* Collective: makes ready what the coming step's samples are asked for with. */
md_status md_trainer_fetch(md_trainer *t, md_error *err);
/* Local, of positions of that batch: their samples, valid until the next call; and the same with
 * what the model takes, valid until the batcher's next batch. */
const uint32_t *md_trainer_ids(md_trainer *t, md_range positions);
const md_batch *md_trainer_gather(md_trainer *t, md_range positions);

/* step.c. Collective: one optimizer step. *stop: some rank asked to stop after it. */
md_status md_trainer_step(md_trainer *t, int *stop, md_error *err);

/* epoch.c. Collective: digest check, validation, history, save. *finished: early stopping says so.
 */
md_status md_trainer_finish_epoch(md_trainer *t, int *finished, md_error *err);

/* validation.c. Collective: t->validation becomes that of the present weights. */
md_status md_trainer_validate(md_trainer *t, md_error *err);

/* capture.c */
/* Local: a checkpoint of a run at its very start, with this process's run record. */
md_status md_capture_create(const md_trainer *t, md_checkpoint **out, md_error *err);
md_status md_capture_add_run(const md_trainer *t, md_checkpoint *c, md_error *err);
/* Local: parameters and moments of c become the reducer's own blocks, as long as there is one. */
void md_capture_lend(const md_trainer *t, md_checkpoint *c);
/* Local: lends c the reducer's blocks, copies the position `at` into it and recomputes its golden
 * logits. */
md_status md_capture_fill(md_trainer *t, const md_position *at, md_checkpoint *c, md_error *err);
/* Local: the configured optimizer and seed. */
void md_capture_configure(const md_trainer *t, md_checkpoint *c);
/* Rank 0: has an epoch just ended that is better than all whose weights were saved? */
int md_trainer_is_best(const md_trainer *t);
/* Rank 0, local: the state's best value and epoch are again those of before the last save. */
void md_trainer_restore_best(md_trainer *t);
/* Collective: rank 0 saves as last.h5 (and best.h5). A failed save is forgiven max_failures times,
 * the `last` one of a run never. */
md_status md_trainer_save(md_trainer *t, int last, md_error *err);

/* rescue.c */
/* Local: is there something that --resume could go on from? */
int md_trainer_has_checkpoint(const md_trainer *t);
/* Local, from a thread of the heartbeat's; see md_heartbeat_params. */
void md_trainer_rescue(void *trainer, int may_save, char *said, size_t size);

/* diagnose.c. What a run that ends now leaves, in words. */
const char *md_trainer_what_is_left(const md_trainer *t);
/* Collective, after a reduction said `bad`: MD_FAILED naming rank, step, layer and samples. */
md_status md_trainer_diagnose(md_trainer *t, md_range part, md_error *err);

/* early_stopping.c. Local: have `patience` epochs gone by without the monitored value improving,
 * the last of them just now? */
int md_early_stopping_exhausted(const md_config *config, const md_epoch_row *rows, size_t count);
/* Says so through md_info: value, epoch, patience, and how to go on. */
void md_early_stopping_say(const md_config *config, const md_epoch_row *rows, size_t count);

/* gradient_check.c. Collective: on rank 0 of a debug run, compares the first batch's gradient with
 * central differences in double and reports each layer through md_info. */
md_status md_trainer_check_gradients(md_trainer *t, md_error *err);

double md_trainer_rate(const md_trainer *t, int64_t step); /* learning rate of step (from 0) */
double md_trainer_loss(const md_trainer *t);               /* means over the open epoch so far: */
double md_trainer_metric(const md_trainer *t);             /* see checkpoint/metric.h */
uint64_t md_trainer_digest(const md_trainer *t); /* of the weights, as this rank sees them */

#endif
