/* A file that appears whole or not at all: written under another name beside its place, then
 * renamed. Failures are MD_FAILED with path, reason and what to look at. Local. */
#ifndef MNIST_DIST_BASE_WHOLE_FILE_H
#define MNIST_DIST_BASE_WHOLE_FILE_H

#include "mnist_dist/base/bytes.h"

/* These bytes become the file at path, on the disk when this returns. */
md_status md_whole_file_write(const char *path, const md_bytes *bytes, md_error *err);

/* What `print` writes does. */
md_status md_whole_file_print(const char *path, md_printer print, const void *context,
                              md_error *err);

/* The same for a file that is replaced again and again, in a folder that is ours: `temporary` is
 * its other name, so that what a killed process left there is written over, and it is not fsynced:
 * what a crash of the machine loses here, nobody misses. */
md_status md_whole_file_replace(const char *path, const char *temporary, md_printer print,
                                const void *context, md_error *err);

/* For writers that want a descriptor. */
typedef struct md_whole_file {
    const char *path; /* borrowed */
    char *temporary;  /* NULL when nothing is open */
    int fd;
} md_whole_file;

md_status md_whole_file_open(const char *path, md_whole_file *out, md_error *err);
/* Puts what was written in place, fsynced and with the permissions of any new file. */
md_status md_whole_file_commit(md_whole_file *file, md_error *err);
void md_whole_file_drop(md_whole_file *file); /* removes what was not committed; fine after it */

#endif
