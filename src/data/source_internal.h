/* What a kind of source provides: readers/X.c defines one md_source_ops, source.c has a row for it.
 * Every kind offers arrays, whose numbers mean the same whatever file they lie in. */
#ifndef MNIST_DIST_DATA_SOURCE_INTERNAL_H
#define MNIST_DIST_DATA_SOURCE_INTERNAL_H

#include <limits.h>

#include "array.h"
#include "feature_file.h"
#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/key.h"
#include "mnist_dist/data/source.h"

typedef struct md_source_ops {
    const char *form; /* what the user may give: "folder with IDX files" */
    int is_file;      /* arrays have names inside of it */
    int (*recognises)(const char *where);
    /* Reads and checks headers; fills x and y of the splits there are, and context. On error
     * nothing is kept. */
    md_status (*open)(md_source *source, const char *where, md_error *err);
    /* The array's numbers, in the machine's byte order. */
    md_status (*read)(md_source *source, const md_array *array, void *out, md_error *err);
    void (*close)(md_source *source);
    /* Are there samples at all? Not in the models that files of this kind hold, too. */
    int (*holds)(const char *where);
    /* Where its numbers lie as they are, in plain bytes or in chunks; *pieces is malloc'ed or NULL,
     * the caller's in any case. MD_BAD_DATA where they do not, saying what to do. NULL: never. */
    md_status (*locate)(md_source *source, const md_array *array, md_feature_file *out,
                        md_h5_piece **pieces, md_error *err);
} md_source_ops;

struct md_source {
    const md_source_ops *ops;
    md_source_wishes wishes;
    md_source_shape shape;
    md_array x[2], y[2]; /* by split; rank 0: there is none */
    int single;          /* the file has one part, which is in the training split's place */
    int integers;        /* floats are but how it holds numbers that may all be whole */
    char *feature_names, *class_names; /* malloc'ed, joined by newlines; NULL: not known */
    char *notes;                       /* likewise: what its user should hear */
    void *context;                     /* the kind's own, freed by its close */
};

/* Adds a sentence to the notes. */
md_status md_source_note(md_source *source, md_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Leaves the answers out, and notes why. */
md_status md_source_leave_answers(md_source *source, const md_error *why, md_error *err);

/* Are these the bytes of a regular file from `offset` on? */
int md_source_starts(const char *where, long offset, const char *bytes, size_t count);

/* All forms as "a, b or c", for messages. */
void md_source_forms(char out[MD_VALUE_SIZE]);

/* How files of images are read. */
extern const md_file_kind md_data_file;

/* The cure at the end of messages about damaged files. */
#define MD_FETCH_AGAIN "fetch it again, for MNIST with data/fetch_mnist.sh"

#endif
