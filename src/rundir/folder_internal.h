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
    md_folder_hook hook;
    void *context;
};

#define MD_FILE_SAVING ".saving.h5"
#define MD_FILE_SAVING_CSV ".saving.csv"
#define MD_FILE_SAVING_LINK ".saving.link"
#define MD_FILE_SAVING_RESCUE ".saving.rescue.h5"
/* Setting aside gathers a run's files in the first, which becomes the second when complete. */
#define MD_FOLDER_MOVING ".previous.moving"
#define MD_FOLDER_PLACING ".previous.placing"

/* last.h5 is generation 0, last.prev.h5 is 1, last.prev2.h5 is 2. */
void md_folder_generation_name(int number, char out[MD_GENERATION_NAME]);
int md_folder_generation(const char *name); /* -1: not the name of one */

typedef enum md_folder_files {
    MD_FOLDER_RESUMABLE,   /* what a run can be resumed from */
    MD_FOLDER_CHECKPOINTS, /* and best.h5 */
    MD_FOLDER_RUN          /* and all else that is moved when a run is set aside */
} md_folder_files;

typedef struct md_listing {
    struct dirent **entries; /* by name */
    int count;
} md_listing;

/* The files of that kind in a folder; none where there is no folder. *out is for md_listing_free
 * also on error. */
md_status md_folder_list(const char *path, md_folder_files which, md_listing *out, md_error *err);
void md_listing_free(md_listing *l);

/* MD_FAILED where a folder has the name of a run's file, which no save could replace. */
md_status md_folder_check_names(const char *path, md_error *err);

/* Completes a md_folder_set_aside that was killed after last.h5 had moved. */
md_status md_folder_finish_set_aside(md_folder *folder, md_error *err);
/* Moves back what one that was killed before that had moved, unless there is a younger one. */
md_status md_folder_undo_set_aside(md_folder *folder, md_error *err);

/* Columns of /history in order, with a header line. */
md_status md_history_write_csv(const char *path, const md_checkpoint *c, md_error *err);

#endif
