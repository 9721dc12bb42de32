/* Who made a run, where and with what, in lines with a label each: the same as text and on a page.
 * Local. */
#ifndef MNIST_DIST_APP_RUN_LINES_H
#define MNIST_DIST_APP_RUN_LINES_H

#include <stdio.h>

#include "mnist_dist/checkpoint/checkpoint.h"

typedef void md_run_line(const char *label, const char *text, FILE *out);

/* Calls print for each line. */
void md_run_lines(const md_run_record *run, md_run_line *print, FILE *out);

#endif
