#ifndef MD_IO_FOLDER_INTERNAL_H
#define MD_IO_FOLDER_INTERNAL_H

#include <limits.h>

#include "mnist_dist/io/folder.h"

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

/* Completes a md_folder_set_aside that was killed after last.h5 had moved. */
md_status md_folder_finish_set_aside(md_folder *folder, md_error *err);

/* Columns of /history in order, with a header line. */
md_status md_history_write_csv(const char *path, const md_checkpoint *c, md_error *err);

#endif
