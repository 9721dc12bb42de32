/* A CSV file (RFC 4180) as columns of numbers or words, read by libcsv: separated by commas,
 * semicolons or tabs, whichever its first line has most of; gzip or not. Local. */
#ifndef MNIST_DIST_DATA_CSV_TABLE_H
#define MNIST_DIST_DATA_CSV_TABLE_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

typedef struct md_csv_column {
    char *name;   /* of the header, or "column 1" */
    int is_words; /* values are places in `words` */
    char **words; /* [word_count], in the order of their bytes */
    size_t word_count, word_capacity;
} md_csv_column;

typedef struct md_csv_table {
    md_csv_column *columns;
    size_t column_count, row_count;
    int has_header;
    float *values; /* [row_count][column_count] */
    size_t value_capacity;
} md_csv_table;

/* A first line that is text and has a separator. */
int md_csv_recognises(const char *path);

/* The first row is a header when a word stands there above a number, or words above words alone; a
 * column is one of words when its first value is none of a number. MD_BAD_DATA naming line and
 * column: of an empty cell, a word among numbers, a number that is not finite, a row that is
 * shorter or longer than the first. *out is for md_csv_table_clear in any case. */
md_status md_csv_table_read(const char *path, md_csv_table *out, md_error *err);
void md_csv_table_clear(md_csv_table *table);

#endif
