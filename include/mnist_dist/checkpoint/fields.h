/* What a checkpoint consists of, as tables that writing, reading and history.csv share. */
#ifndef MNIST_DIST_CHECKPOINT_FIELDS_H
#define MNIST_DIST_CHECKPOINT_FIELDS_H

#include <stddef.h>

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/hdf5/h5.h"

enum {
    MD_FIELD_LATER = 1,      /* files from before it are without it: NaN, or 0 of a whole number */
    MD_FIELD_REPEATABLE = 2, /* the same in every run of one configuration, so that diff compares
                                it; of doubles only */
};

/* One member of a struct: a column of a table or an attribute of an object. */
typedef struct md_field {
    const char *name;
    md_h5_type type;
    size_t offset;
    const char *units, *description; /* columns only */
    int flags;
} md_field;

/* An array of structs that lies in the file as one dataset per member. To add a column: the member,
 * its row here with MD_FIELD_LATER, and the place that fills it. Files, history.csv, inspect,
 * report and diff follow; a program without the column reads the file and ignores it. */
typedef struct md_table {
    const char *group;
    size_t row_size;
    size_t field_count;
    const md_field *fields;
} md_table;

const md_table *md_history_table(const md_model_spec *spec); /* md_epoch_row, of such a model */
extern const md_table md_chain_table;                        /* md_chain_row */
extern const md_table md_ledger_table;                       /* md_ledger_row */

enum { MD_RUN_NUMBERS = 5, MD_RUN_TEXTS = 13 };
/* Of md_checkpoint; *count of them. */
const md_field *md_progress_fields(const md_model_spec *spec, int *count);
extern const md_field md_run_numbers[MD_RUN_NUMBERS]; /* of md_run_record */

/* The char * members of md_run_record; type is not used. */
extern const md_field md_run_texts[MD_RUN_TEXTS];

/* The text that `field` of md_run_texts is. */
char **md_run_text(md_run_record *record, const md_field *field);

/* Where the file keeps moment 0 or 1 of tensor `t`. */
void md_path_moment(const md_model_spec *spec, const md_tensor *t, int moment,
                    char out[MD_H5_PATH]);
void md_path_run(size_t number, char out[MD_H5_PATH]); /* from 1 */

#endif
