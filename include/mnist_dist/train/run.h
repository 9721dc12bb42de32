/* Opening a run: the configuration from all its sources, the output folder with its lock, and the
 * checkpoint to resume from. Rank 0 reads files; every rank ends with the same configuration. */
#ifndef MNIST_DIST_TRAIN_RUN_H
#define MNIST_DIST_TRAIN_RUN_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/rundir/folder.h"

/* Where the configuration comes from, in rising order after the defaults and the checkpoint's copy.
 * Borrowed. */
typedef struct md_run_params {
    const char *config_path;        /* --config, or NULL */
    const char *const *assignments; /* "section.key=value" of the options, in order */
    size_t assignment_count;
    int resume;
    const volatile sig_atomic_t *stop; /* ends the wait for the folder; NULL: nothing does */
} md_run_params;

typedef struct md_run {
    md_config config;
    char *file_text;        /* what --config named; NULL: nothing */
    md_folder *folder;      /* rank 0; NULL elsewhere */
    md_checkpoint *resumed; /* rank 0: where to go on from; NULL: start anew, and elsewhere */
    int resuming;           /* equal on all ranks: resumed is set on rank 0 */
    struct {
        int64_t epochs, schedule_steps; /* what the resumed run had; 0 before its first step */
    } before;
    int schedule_told; /* schedule.steps was given by file or options */
} md_run;

/* Local. Makes an imported model (md_import) the start of a run: adds a run record of `config`,
 * whose model and output folder the caller has set, and of the command line that did it. */
md_status md_run_adopt(md_checkpoint *imported, const md_config *config, const char *command_line,
                       md_error *err);

/* Collective. The configuration, as far as it does not come from a checkpoint. MD_USAGE for what is
 * wrong with it. *out is for md_run_close in any case. */
md_status md_run_configure(md_comm *comm, const md_run_params *params, md_run *out, md_error *err);

/* Collective, after md_run_configure with the same params. Takes the folder's lock (waiting up to
 * checkpoint.lock_wait, or until *params->stop on rank 0: MD_STOPPED) before any checkpoint is
 * read. With `resume` the configuration of the run found there slides in below file and options.
 * MD_USAGE when that may not differ so, MD_BAD_CHECKPOINT when there are checkpoints but none is
 * good. */
md_status md_run_open(md_comm *comm, const md_run_params *params, md_run *run, md_error *err);
void md_run_close(md_run *run); /* local; frees the lock */

#endif
