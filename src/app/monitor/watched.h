/* A run seen from another process, by nothing but what it publishes: its status file, its last.h5,
 * and whether the folder's lock is held. Local. */
#ifndef MNIST_DIST_APP_WATCHED_H
#define MNIST_DIST_APP_WATCHED_H

#include <sys/stat.h>

#include "live.h"
#include "mnist_dist/config/config.h"
#include "present/ledger.h"

typedef enum md_run_state {
    MD_RUN_ABSENT,   /* no run in the folder yet */
    MD_RUN_STARTING, /* somebody holds the folder, and has not begun */
    MD_RUN_RUNNING,
    MD_RUN_FINISHED,
    MD_RUN_STOPPED, /* on request; go on with --resume */
    MD_RUN_FAILED,
    MD_RUN_GONE /* ended without a word: killed, or its machine is lost */
} md_run_state;

typedef struct md_watched {
    const char *folder; /* borrowed */
    md_run_state state;
    int has_live;
    md_live live;
    md_checkpoint *checkpoint; /* NULL: no save yet */
    md_ledger ledger;          /* the checkpoint's */
    int64_t epochs;            /* that the run is to have; 0: not known */
    struct stat file;          /* which last.h5 the checkpoint was */
} md_watched;

/* Looks at the folder anew; a last.h5 that did not change is not read again. MD_BAD_CHECKPOINT for
 * one that cannot be read and will not be replaced. */
md_status md_watched_look(md_watched *watched, md_error *err);
void md_watched_clear(md_watched *watched);

/* The run as text of at most 80 columns: progress, speed, slowest rank, and as many curves as
 * `rows` lines have room for. */
md_status md_watched_print(const md_watched *watched, int rows, md_error *err);

#endif
