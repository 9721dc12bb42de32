/* A CSV file (RFC 4180) as columns of numbers or words, read by libcsv: separated by commas,
 * semicolons or tabs, whichever its first line has most of; with semicolons "5,1" is 5.1; gzip or
 * not. Local. */
#ifndef MNIST_DIST_DATA_CSV_TABLE_H
#define MNIST_DIST_DATA_CSV_TABLE_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

typedef struct md_csv_column {
    char *name;   /* of the header, each once (see csv_names.h), or "column 1" */
    int renamed;  /* it stands in the header as another does, or is blank there */
    int known;    /* is_words was said before any value was taken */
    int is_words; /* values are places in `words` */
    char **words; /* [word_count], in the order of their bytes; a newline in them is a blank */
    size_t word_count, word_capacity;
    size_t line;        /* of the first value */
    double least, most; /* of its numbers, as they were written; */
    double lost;        /* the most that one of them changed by as a float */
    char *fault;        /* what is wrong with one of its cells: it cannot be used; NULL: nothing */
} md_csv_column;

typedef struct md_csv_table {
    md_csv_column *columns;
    size_t column_count, row_count;
    int has_header;
    int numbered;  /* the header is 0, 1, 2, ... */
    float *values; /* [row_count][column_count] */
    size_t value_capacity;
} md_csv_table;

/* A first line that is text and has a separator. */
int md_csv_recognises(const char *path);

/* Told the columns' names before any value is taken: may change them, and say which columns are
 * `known` to be of words or numbers. */
typedef md_status md_csv_named(void *context, md_csv_table *table, md_error *err);

/* The first row is a header when a word stands there above a number, words above words alone, or
 * 0, 1, 2, ... as pandas numbers columns; a column is one of words when its first value is. What is
 * wrong with cells is its column's fault, naming line and column, and no error, since the column
 * may not be needed: an empty cell, words and numbers in a column, a number that is not finite or
 * not understood. MD_BAD_DATA: a row that is shorter or longer than the first, quotes that do not
 * end. *out is for md_csv_table_clear in any case. */
md_status md_csv_table_read(const char *path, md_csv_named *named, void *context, md_csv_table *out,
                            md_error *err);
void md_csv_table_clear(md_csv_table *table);

#endif
