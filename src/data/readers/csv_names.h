/* The names of a table's columns, and the columns that the names of a model's features tell of:
 * "age" is one of numbers, "colour=blue" and "colour=red" are one of words. Local. */
#ifndef MNIST_DIST_DATA_CSV_NAMES_H
#define MNIST_DIST_DATA_CSV_NAMES_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

/* Gives each its own, as pandas does: of equal names the second becomes "x.1", the third "x.2";
 * those that are blank "Unnamed: 0", "Unnamed: 1". Names are malloc'ed; those that change are
 * replaced. */
md_status md_csv_make_unique(char **names, size_t count, md_error *err);

typedef struct md_csv_feature {
    size_t column;    /* among the model's */
    const char *word; /* NULL: the column's number */
} md_csv_feature;

typedef struct md_csv_model {
    char **columns; /* [column_count], each name once */
    size_t column_count;
    md_csv_feature *features; /* [feature_count], the last of a column of words has its last word */
    size_t feature_count;
    char *text;
} md_csv_model;

/* `names` are the model's, joined by newlines. Where "a=b" is is told by the names that the table
 * at hand has: known(context, name). *out is for md_csv_model_clear in any case. */
md_status md_csv_model_read(const char *names, int (*known)(const void *context, const char *name),
                            const void *context, md_csv_model *out, md_error *err);
void md_csv_model_clear(md_csv_model *model);

#endif
