/* One output folder per test, with small runs saved into it and every line that was said. */
#ifndef MNIST_DIST_TEST_RUNDIR_PLACE_H
#define MNIST_DIST_TEST_RUNDIR_PLACE_H

#include <sys/stat.h>

#include "checkpoint_fixtures.h"
#include "mnist_dist/rundir/folder.h"

extern char place[TEST_PATH]; /* the folder's path */
extern char place_said[8192]; /* one line after another */
extern int place_lines;
extern int place_held;     /* best.h5 became the file last saved as best */
extern md_error place_err; /* of the last call below, and for those of the test */

void place_begin(void);
void place_end(void);

md_folder *place_open(int keep);

/* A small run that has reached `step`. */
md_checkpoint *place_checkpoint(int64_t step);
md_status place_save(md_folder *folder, int64_t step, int best);
/* keep 2, step 1 saved as best, then step 2. */
md_folder *place_two_saves(void);

/* The step of a file in the folder; -1 when it is absent, -2 when it is bad. */
int64_t place_step(const char *name);
ino_t place_inode(const char *name); /* 0 when absent */
int place_has(const char *name);
int place_is_clean(void); /* no temporary of a save is left */
void place_damage(const char *name);

#endif
