/* A table's column to be learned as the classes of a model. Local. */
#ifndef MNIST_DIST_DATA_CSV_CLASSES_H
#define MNIST_DIST_DATA_CSV_CLASSES_H

#include "csv_table.h"
#include "mnist_dist/data/source.h"

/* The place of a word in a column; -2: it is not there. */
int md_csv_find_word(const md_csv_column *column, const char *word);

/* *classes, malloc'ed, is the model's class of each of the column's words; NULL: words and numbers,
 * of which `first` is one, are classes as they are. MD_BAD_DATA: a word that is no class of the
 * model, or, where a model is asked for answers, words for classes that have no names, and numbers
 * for those that have. *classes is the caller's in any case. */
md_status md_csv_match_classes(const md_csv_column *column, float first, const char *where,
                               const md_source_wishes *wishes, float **classes, md_error *err);

#endif
