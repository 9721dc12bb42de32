/* Columns of a table by name. Local. */
#ifndef MNIST_DIST_DATA_CSV_TARGETS_H
#define MNIST_DIST_DATA_CSV_TARGETS_H

#include "csv_table.h"

/* The number of a column, from 0; column_count: there is none of this name. */
size_t md_csv_find_column(const md_csv_table *table, const char *name);

/* MD_BAD_DATA: there is none, and what there is; "": no name was given for what is to be learned.
 */
md_status md_csv_fail_column(const md_csv_table *table, const char *where, const char *name,
                             md_error *err);

/* The columns to be learned: data.target (`wanted`, "a, b", by name, or else by number from 1), or
 * the usual one. Where the table has columns that are `known`, to be the model's features, numbers
 * mean what these leave. MD_BAD_DATA where one is not there, unless they are `optional`, where two
 * have its name, where one is named twice, or where more is left than there are numbers. *out is
 * malloc'ed (NULL: none), the caller's in any case. */
md_status md_csv_find_targets(const md_csv_table *table, const char *where, const char *wanted,
                              int optional, size_t **out, size_t *count, md_error *err);

#endif
