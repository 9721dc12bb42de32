/* The history as a table, as text and on a page; its columns are those of the file and of
 * history.csv (checkpoint/fields.h), the digests aside. Local. */
#ifndef MNIST_DIST_APP_HISTORY_TABLE_H
#define MNIST_DIST_APP_HISTORY_TABLE_H

#include <stdio.h>

#include "mnist_dist/checkpoint/checkpoint.h"

/* The newest `most` rows, and of the columns those that 80 characters have room for; a star marks
 * the best epoch. */
void md_history_print(const md_checkpoint *c, size_t most, FILE *out);
void md_history_print_html(const md_checkpoint *c, FILE *out);

#endif
