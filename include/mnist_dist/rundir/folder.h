/* An output folder: one run at a time, files that appear whole or not at all, and the newest good
 * one found by reading it rather than by trusting a name. Local; rank 0 only. */
#ifndef MNIST_DIST_RUNDIR_FOLDER_H
#define MNIST_DIST_RUNDIR_FOLDER_H

#include <limits.h>
#include <signal.h>

#include "mnist_dist/checkpoint/checkpoint.h"

/* Files in the folder. Generations before last.h5 are last.prev.h5, last.prev2.h5, ... */
#define MD_FILE_LAST "last.h5"
#define MD_FILE_BEST "best.h5"
#define MD_FILE_RESCUE "rescue.h5"
#define MD_FILE_HISTORY "history.csv"
#define MD_FILE_REPORT "report.html"           /* where `report` writes when not told */
#define MD_FILE_STATUS "status"                /* what a live run says of itself */
#define MD_FILE_SAVING_STATUS ".saving.status" /* the same, being written */
#define MD_FOLDER_PREVIOUS "previous"

/* What tells a report from somebody else's page of that name. */
#define MD_REPORT_HEADING "<header><h1>Training run <span class=\"quiet\">"

typedef struct md_folder md_folder;

/* Makes the folder (and its parents), and takes DIR/.lock with flock, waiting up to lock_wait
 * seconds with one line said, or until *stop (a signal handler's flag; NULL: none) is not 0, which
 * is MD_STOPPED; the kernel frees it when the process dies. Where flock is unsupported it warns and
 * goes on. keep: how many generations of last.h5 stay, itself included (at least 1). Removes
 * temporaries that a killed save left. MD_FAILED when another run holds it or the folder cannot be
 * written, and, before anything is touched, when a folder in it has the name of a file to be saved,
 * or what lies under the name of a table, status or report is somebody else's. *out is NULL on
 * error. */
md_status md_folder_open(const char *path, int keep, double lock_wait,
                         const volatile sig_atomic_t *stop, md_folder **out, md_error *err);
void md_folder_close(md_folder **folder); /* NULL is fine; clears *folder; frees the lock */

/* MD_FAILED where `file`, which a run reads, is one of a run's own in the folder at `path`, by
 * whatever name. Touches nothing. */
md_status md_folder_check_apart(const char *path, const char *file, md_error *err);

/* Is a run at work in the folder? 1 or 0, or -1 where that cannot be told. Looks without keeping a
 * run from starting. */
int md_folder_in_use(const char *path);

/* Another `keep` from now on: what a run wants may stand in the checkpoint found in the folder. */
void md_folder_set_keep(md_folder *folder, int keep);

/* Called on entering each stage of md_folder_save, so that a fault can be rehearsed there: "write"
 * (before the temporary is made), "verify" (written and closed), "rotate", "rename" and "done".
 * `context` is borrowed; a NULL hook is none. */
typedef void (*md_folder_hook)(const char *stage, const char *temporary, void *context);
void md_folder_set_hook(md_folder *folder, md_folder_hook hook, void *context);

/* 1 when the folder holds any of a run's files named above, good or bad, or cannot be listed. */
int md_folder_has_run(const md_folder *folder);
/* The same by path, and of all else that a run leaves: status, lock, runs moved aside. */
int md_folder_has_traces(const char *path);
/* Is this the name of a file that a run reads again, in a folder where one has been? */
int md_folder_keeps(const char *path);
/* Lies a run with a checkpoint in DIR/previous, whose path is given in any case? */
int md_folder_has_previous(const md_folder *folder, char out[PATH_MAX]);

/* Moves what an earlier run left (the files named above, with older generations) to DIR/previous,
 * replacing a run there that has no more steps, else to previous2, previous3, ... likewise, and
 * warns of it in one line; every other file stays, but for the status. Interrupted, it leaves a run
 * that can be resumed or set aside again. Without such a file it does nothing. */
md_status md_folder_set_aside(md_folder *folder, md_error *err);

/* The good checkpoint with the most steps among last.h5, last.prev*.h5, rescue.h5 and best.h5; says
 * through md_warn which files were skipped and why. All are read and their seals checked; that one
 * alone is decoded, and the next where it proves bad. Nothing there: MD_OK and *out NULL. Files of
 * a run but no good checkpoint: MD_BAD_CHECKPOINT. Where one cannot be read now, or memory runs
 * out: MD_FAILED, since any other would be taken for the newest. Undoes a setting aside that was
 * interrupted. name (may be NULL) receives the file's path. A later save replaces what was skipped
 * before it replaces what is good. */
md_status md_folder_newest(md_folder *folder, md_checkpoint **out, char *name, size_t name_size,
                           md_error *err);
/* The same for who only reads: by path, without the lock, and touching nothing. */
md_status md_folder_look(const char *path, md_checkpoint **out, char *name, size_t name_size,
                         md_error *err);

/* Saves atomically as last.h5: write a temporary and fsync it, compare it, read back, with what was
 * written, shift older generations and hard-link last.h5 to last.prev.h5 (a copy where links are
 * unsupported), rename over last.h5, fsync the folder, and only then remove generations beyond
 * `keep` good ones; so last.h5 exists at every moment, and with it a good file. With `best`,
 * best.h5 becomes the same file, just before last.h5 does, and *best tells whether it did, also on
 * failure. history.csv is rewritten whole where it differs, and warned of, once, where that fails.
 * On failure (MD_FAILED) last.h5 stays as it was, best.h5 as *best says, and the temporary is
 * removed. */
md_status md_folder_save(md_folder *folder, md_checkpoint *c, int *best, md_error *err);

/* Before a run goes on, or has ended, with the checkpoint c that md_folder_newest found: does what
 * a save that was killed has left to do, so that from now on the run stands in last.h5 and
 * history.csv. Any other file that was found, of a rescue too, becomes last.h5 as in a save, but no
 * generation is removed; said in one line. The status goes. MD_FAILED as of a save. */
md_status md_folder_repair(md_folder *folder, const md_checkpoint *c, md_error *err);

/* Saves as FOLDER/rescue.h5, the same way, touching nothing else. By path, since the rank that
 * saves it need not be the one that holds the lock. */
md_status md_folder_save_rescue(const char *folder_path, md_checkpoint *c, md_error *err);

/* May a new page of a run replace what lies under that path? MD_FAILED where it is somebody
 * else's. */
md_status md_folder_check_page(const char *path, md_error *err);

#endif
