/* What the first line of a text shows. Local. */
#ifndef MNIST_DIST_DATA_CSV_LINE_H
#define MNIST_DIST_DATA_CSV_LINE_H

#include <stddef.h>

/* Where the first line begins that is not empty, behind the mark of UTF-8. */
size_t md_csv_skip_blank(const char *text, size_t size);

/* The first line's length, which quotes may carry over newlines. */
size_t md_csv_line_length(const char *text, size_t size);

/* What a line is cut at, ',', ';' or a tab, whichever it has most of; but not at commas where all
 * are decimal, "5,1;3,5". 0: it has none. */
char md_csv_separator(const char *text, size_t size);

#endif
