/* One run as a file: model, optimizer, position in the sample stream, history and provenance, in
 * the layout of checkpoint/schema.h, which Keras loads as a model. Local; the trainer calls it on
 * rank 0 only. Nothing here depends on the number of ranks. Files are whole blocks of memory to
 * libhdf5, so none is ever locked or left open; libhdf5 is not thread-safe, so call from one thread
 * at a time. */
#ifndef MNIST_DIST_CHECKPOINT_CHECKPOINT_H
#define MNIST_DIST_CHECKPOINT_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/model/features.h"
#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/model/optimizer_spec.h"

/* A finished epoch. Means are over the epoch's samples; val_* are NaN without validation. */
typedef struct md_epoch_row {
    int64_t epoch; /* from 1 */
    int64_t step;  /* optimizer steps so far */
    double loss, val_loss;
    double accuracy, val_accuracy; /* of a model that answers with classes or labels; else NaN */
    double mae, val_mae, val_r2;   /* of one that answers with numbers; else NaN */
    double learning_rate;          /* of the epoch's last step */
    double seconds, images_per_second;
    uint64_t weights_xxh3;
} md_epoch_row;

typedef struct md_chain_row {
    int64_t step;
    uint64_t weights_xxh3;
} md_chain_row;

/* Where one rank's time went in one epoch, in seconds. */
typedef struct md_ledger_row {
    int64_t epoch;
    int32_t rank, ranks;
    double compute_s, wait_s, io_s;
} md_ledger_row;

/* One start or resume: who, where and with what. Strings are malloc'ed and never NULL after a read.
 */
typedef struct md_run_record {
    char *config; /* the whole configuration as YAML */
    char *command_line, *hosts, *reducer, *kernels, *storage;
    char *version, *version_mpi, *version_hdf5;
    char *version_blas;    /* of a library that products went to; "none" in new files */
    char *data_sha256;     /* see data/provenance.h */
    char *started, *saved; /* ISO 8601, UTC */
    int32_t ranks, nodes;  /* 0: nothing was trained, the model was imported */
    int32_t exponent;      /* of the sums of a reducer that was; 0 in new files */
    int64_t chunk,
        window; /* streamed: samples of a chunk, chunks of a window; 0: not, or not known */
} md_run_record;

/* Test images and their logits at save time, so that any reader can check its arithmetic. */
typedef struct md_golden {
    size_t count; /* images; 0 when the run has no test set */
    md_element element;
    void *images;    /* [count][rows * columns] of the element, as they were read */
    int32_t *labels; /* [count]; NULL: they have none */
    float *logits;   /* [count][classes] */
} md_golden;

/* Where a run stands: the same on every rank, and all that resume needs beside the blocks. */
typedef struct md_position {
    int64_t epoch;         /* finished epochs */
    int64_t step;          /* finished steps */
    int64_t iterations;    /* of the optimizer: step, and those before an import */
    int64_t step_in_epoch; /* finished steps of the open epoch */
    /* Sums over the open epoch. What the metric sums are right answers, in pieces of 1, or absolute
     * errors. */
    md_fixed loss, metric;
    int64_t samples;
} md_position;

/* Owns everything it points to (malloc'ed; blocks by md_allocate), but for borrowed blocks. */
typedef struct md_checkpoint {
    md_model_spec model;
    md_scale scale;    /* what the model sees of its data's features */
    float *parameters; /* [md_layout.parameters] */

    md_optimizer_spec
        optimizer;    /* its clip_norm is the configuration's alone and not in the file */
    int moment_count; /* 0 to MD_MAX_MOMENTS */
    float *moments[MD_MAX_MOMENTS]; /* m, v */
    int borrowed;                   /* 1: parameters and moments are another's */

    uint64_t seed;
    md_position at;
    double best;        /* validation metric (checkpoint/metric.h); NaN: none yet */
    int64_t best_epoch; /* 0: none yet */
    int32_t complete;   /* 1: the run reached its end (epochs, max_steps or early stopping) */

    md_epoch_row *history;
    size_t history_count, history_capacity;
    md_chain_row *chain;
    size_t chain_count, chain_capacity;
    md_ledger_row *ledger;
    size_t ledger_count, ledger_capacity;
    md_run_record *runs;
    size_t run_count, run_capacity;
    md_golden golden;

    uint64_t weights_xxh3, state_xxh3; /* of the file; set by reading and writing */
} md_checkpoint;

/* A checkpoint for `model` before its first step: zeroed parameters and `moment_count` zeroed
 * moment blocks, Adam with Keras' defaults, no best epoch yet. The caller fills in the rest. */
md_status md_checkpoint_create(const md_model_spec *model, int moment_count, md_checkpoint **out,
                               md_error *err);
void md_checkpoint_destroy(md_checkpoint **checkpoint); /* NULL is fine; clears *checkpoint */

/* Makes the optimizer's state a new one: `moment_count` zeroed moment blocks, no iterations. Not of
 * borrowed blocks. */
md_status md_checkpoint_reset_moments(md_checkpoint *c, int moment_count, md_error *err);

/* Lets the blocks be another's, which must outlive their use here: a state that is large is saved
 * from where it lies. Frees those it had. */
void md_checkpoint_borrow(md_checkpoint *c, float *parameters, float *const moments[]);
/* Makes borrowed blocks its own by copying them. MD_FAILED when out of memory. */
md_status md_checkpoint_own(md_checkpoint *c, md_error *err);

/* Each copies the row to the end. */
md_status md_checkpoint_add_epoch(md_checkpoint *c, const md_epoch_row *row, md_error *err);
md_status md_checkpoint_add_chain(md_checkpoint *c, const md_chain_row *row, md_error *err);
md_status md_checkpoint_add_ledger(md_checkpoint *c, const md_ledger_row *row, md_error *err);
/* Takes the record's strings over, also when it fails, and clears *record. A string left NULL
 * becomes "", one that no attribute can hold is cut; MD_USAGE when that is the configuration. */
md_status md_checkpoint_add_run(md_checkpoint *c, md_run_record *record, md_error *err);
void md_run_record_clear(md_run_record *record);

/* Drops rows of history, chain and ledger that lie beyond the checkpoint's own epoch and step. */
void md_checkpoint_cut_back(md_checkpoint *c);

/* Writes a new file that replaces the one at path when it is whole, fsynced and not before. Sets
 * the digests of *c. MD_FAILED with the reason, HDF5's own words among it; path is then as it was.
 */
md_status md_checkpoint_write(const char *path, md_checkpoint *c, md_error *err);

/* Reads a file of ours, checking schema version, shapes and @state_xxh3 on the way; no
 * link in it can lead outside, and nothing is allocated beyond the file's own size.
 * MD_BAD_CHECKPOINT saying what is wrong, MD_FAILED when memory ran out. *out is NULL on error. */
md_status md_checkpoint_read(const char *path, md_checkpoint **out, md_error *err);

#endif
