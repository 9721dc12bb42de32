/* File operations that survive a crash at any point. Failures are MD_FAILED with path and reason.
 */
#ifndef MNIST_DIST_BASE_FILES_H
#define MNIST_DIST_BASE_FILES_H

#include <limits.h>

#include "mnist_dist/base/error.h"

/* "folder/name"; a longer path than the system takes is cut, and then does not exist. */
void md_files_join(const char *folder, const char *name, char out[PATH_MAX]);

/* What to do about a failed call on a file, by its errno: "check the path". */
const char *md_files_cure(int reason);

int md_files_exists(const char *path);
int md_files_same(const char *a, const char *b); /* one file under two names? */

/* A folder with its parents; one that is there already is fine. MD_FAILED with the reason. */
md_status md_folder_make(const char *path, md_error *err);

/* What is in a folder by name is on the disk when this returns. A file system that refuses it is
 * warned of, once a process: the files themselves are whole. */
void md_files_sync_folder(const char *path);
md_status md_files_rename(const char *from, const char *to, md_error *err);

/* `to` becomes the same file as `from`, or a copy where links are unsupported, in one step: it is
 * never absent. `temporary` is a free name in the same folder. */
md_status md_files_alias(const char *from, const char *temporary, const char *to, md_error *err);

#endif
