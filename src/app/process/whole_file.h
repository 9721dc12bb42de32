/* A file that appears whole or not at all: written under another name beside its place, then
 * renamed. Local. */
#ifndef MNIST_DIST_APP_WHOLE_FILE_H
#define MNIST_DIST_APP_WHOLE_FILE_H

#include <stdio.h>

#include "mnist_dist/base/error.h"

typedef struct md_whole_file {
    const char *path; /* borrowed */
    char *temporary;  /* NULL when nothing is open */
    int fd;
} md_whole_file;

md_status md_whole_file_open(const char *path, md_whole_file *out, md_error *err);
/* Puts what was written in place, fsynced and with the permissions of any new file. */
md_status md_whole_file_commit(md_whole_file *file, md_error *err);
void md_whole_file_drop(md_whole_file *file); /* removes what was not committed; fine after it */

/* What `print` writes becomes the file at path; "-" stands for standard output. */
typedef void (*md_printer)(const void *context, FILE *out);
md_status md_whole_file_print(const char *path, md_printer print, const void *context,
                              md_error *err);

/* MD_FAILED with errno's reason and what to look at. */
md_status md_fail_write(const char *path, md_error *err);

#endif
