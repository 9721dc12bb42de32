/* Where samples come from: IDX files, HDF5, npz, CSV, or digits the program draws itself. Local.
 * Opening reads headers only and checks them against the files' real sizes. */
#ifndef MNIST_DIST_DATA_SOURCE_H
#define MNIST_DIST_DATA_SOURCE_H

#include "mnist_dist/data/samples.h"
#include "mnist_dist/model/model_spec.h"

typedef struct md_source md_source;

/* What is asked for; all borrowed until the source is closed. */
typedef struct md_source_wishes {
    const char *where;       /* data.source: see md_source_form */
    const char *x[2], *y[2]; /* by split, features and answers by name; NULL or "": usual names */
    const char *target;      /* data.target: columns of a table to be learned; NULL or "": usual */
    const md_scale *scale;   /* the model's, whose names tell columns and classes; NULL: none */
    const md_split *only;    /* the other split may be absent; NULL: the test split may */
    const md_model_spec *model; /* it is asked for answers, so that those of the samples may be
                                   absent, and are left out, with a note, where they cannot be
                                   its own; NULL: none is */
    int numbers;                /* answers are numbers to be met, not classes */
} md_source_wishes;

/* What data.source may be, one form for each kind of source ("synthetic[:N]"); NULL after the last.
 */
const char *md_source_form(size_t i);

/* What stands in for the default source where that is not there: the folder MNIST_DIR, if the
 * environment names one, else digits that the program draws, "synthetic". */
const char *md_source_instead(void);

/* Is this the path of samples, whatever is wrong with them, and not of a model? */
int md_source_holds(const char *where);

/* Told apart by content. MD_BAD_DATA with what was found and the cure. *out is NULL on error. */
md_status md_source_open(const md_source_wishes *wishes, md_source **out, md_error *err);
void md_source_close(md_source **source); /* NULL is fine; clears *source */

const md_source_shape *md_source_get_shape(const md_source *source);

/* Its form among md_source_form's. */
const char *md_source_kind(const md_source *source);

/* The array of a split's features or answers as the file has it, "i8 [600, 10]"; 0: none. */
enum { MD_SOURCE_TEXT = 128 };
int md_source_describe(const md_source *source, md_split split, int answers,
                       char out[MD_SOURCE_TEXT]);

/* Joined by newlines; NULL: not known. */
const char *md_source_feature_names(const md_source *source);
const char *md_source_class_names(const md_source *source);

/* What its user should hear, a sentence a line; NULL: nothing. */
const char *md_source_notes(const md_source *source);

/* 1: it has but one part, which serves as the training split or, when `only` asks for that, as the
 * test split. */
int md_source_is_single(const md_source *source);

/* Adds one split to *out, which the caller clears, also after an error: its features, labels or
 * values, in new memory. Features are bytes when both splits' are, else floats. MD_BAD_DATA when
 * the bytes end early, go on too long, do not decompress, or are not what they should be: finite
 * features, classes from 0. */
md_status md_source_read(md_source *source, md_split split, md_samples *out, md_error *err);

/* The same, but features stay where they are, for who has less memory than they take: see
 * md_samples.streamed. They are to be read through a window of so many bytes. MD_BAD_DATA when they
 * do not lie in the file so that parts of it can be read, saying what to do. */
md_status md_source_locate(md_source *source, md_split split, size_t window, md_samples *out,
                           md_error *err);

/* What the samples of both splits take in memory, about. */
size_t md_source_bytes(const md_source *source);

#endif
