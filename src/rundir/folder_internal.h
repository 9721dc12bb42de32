#ifndef MNIST_DIST_RUNDIR_FOLDER_INTERNAL_H
#define MNIST_DIST_RUNDIR_FOLDER_INTERNAL_H

#include <limits.h>

#include "mnist_dist/rundir/folder.h"

enum { MD_GENERATIONS = 128, MD_GENERATION_NAME = 32 };

struct md_folder {
    char path[PATH_MAX];
    int lock; /* descriptor, or -1 where flock is unsupported */
    int keep;
    char bad[MD_GENERATIONS]; /* generations that md_folder_newest found not to verify */
    char found[NAME_MAX + 1]; /* the file that it chose; "": none */
    int history_told;         /* the user knows that history.csv is not up to date */
    md_folder_hook hook;
    void *context;
};

#define MD_FILE_SAVING ".saving.h5"
#define MD_FILE_SAVING_CSV ".saving.csv"
#define MD_FILE_SAVING_LINK ".saving.link"
#define MD_FILE_SAVING_RESCUE ".saving.rescue.h5"
#define MD_FILE_LOCK ".lock"
/* Setting aside gathers a run's files in DIR/.previous.moving, which when complete becomes the
 * folder .placing in the one where they are to lie. */
#define MD_FOLDER_MOVING ".previous.moving"
#define MD_FOLDER_PLACING ".placing"

/* last.h5 is generation 0, last.prev.h5 is 1, last.prev2.h5 is 2. */
void md_folder_generation_name(int number, char out[MD_GENERATION_NAME]);
int md_folder_generation(const char *name); /* -1: not the name of one */

typedef enum md_folder_files {
    MD_FOLDER_CHECKPOINTS, /* what a run can be resumed from */
    MD_FOLDER_RUN,         /* and all else that is moved when a run is set aside */
    MD_FOLDER_WRITTEN,     /* and the status */
    MD_FOLDER_TRACES       /* and all else that a run leaves */
} md_folder_files;

typedef struct md_listing {
    struct dirent **entries; /* by name */
    int count;
} md_listing;

/* The files of that kind in a folder; none where there is no folder. *out is for md_listing_free
 * also on error. */
md_status md_folder_list(const char *path, md_folder_files which, md_listing *out, md_error *err);
void md_listing_free(md_listing *l);
int md_folder_holds(const char *path, md_folder_files which); /* 1 also where it cannot be listed */

/* The most steps of any good checkpoint in a folder; -1 where there is none. MD_FAILED where one
 * cannot be read now. */
md_status md_folder_length(const char *path, int64_t *steps, md_error *err);

/* MD_FAILED where a folder has the name of a run's file, which no save could replace, or a table, a
 * status or a page under that name is somebody else's. */
md_status md_folder_check_names(const char *path, md_folder_files which, md_error *err);

/* A status tells of one process, which is gone. */
void md_folder_remove_status(const md_folder *folder);

/* Completes a md_folder_set_aside that was killed after last.h5 had moved. */
md_status md_folder_finish_set_aside(md_folder *folder, md_error *err);
/* Moves back what one that was killed before that had moved, unless there is a younger one. */
md_status md_folder_undo_set_aside(md_folder *folder, md_error *err);

/* Makes history.csv the columns of /history in order, with a header line, unless it is. Where it
 * cannot be written that is warned of, once: no checkpoint is worth less for it. */
void md_folder_write_history(md_folder *folder, const md_checkpoint *c);

#endif
