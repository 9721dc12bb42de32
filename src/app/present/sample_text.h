/* Samples that are no pictures: rows of a table, as text. Local. */
#ifndef MNIST_DIST_APP_SAMPLE_TEXT_H
#define MNIST_DIST_APP_SAMPLE_TEXT_H

#include "mnist_dist/data/store.h"
#include "terminal.h"

/* Is the data set a table, whose samples have one row each? */
int md_sample_is_row(const md_store *store);

/* "test image 3" or "test row 3"; what it is to be answered with, as ": label 7" or ": target 1.5",
 * or nothing. Each returns the length. */
int md_sample_name(const md_store *store, md_split split, size_t sample, char *out, size_t size);
int md_sample_answer(const md_store *store, md_split split, size_t sample, char *out, size_t size);

/* The row's values as they were read, with the features' numbers, in lines of the terminal's width.
 * MD_FAILED when out of memory. */
md_status md_sample_print(const md_terminal *terminal, const md_store *store, md_split split,
                          size_t sample, FILE *out, md_error *err);

#endif
