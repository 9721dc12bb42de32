/* What a kind of source provides: readers/X.c defines one md_source_ops, source.c has a row for it.
 */
#ifndef MNIST_DIST_DATA_SOURCE_INTERNAL_H
#define MNIST_DIST_DATA_SOURCE_INTERNAL_H

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/key.h"
#include "mnist_dist/data/source.h"

typedef struct md_source_ops {
    const char *form; /* what the user may give: "folder with IDX files" */
    int (*recognises)(const char *where);
    /* Reads and checks headers; fills source->shape and source->context. On error nothing is kept.
     */
    md_status (*open)(md_source *source, const char *where, md_error *err);
    /* Fills one split of *out, whose arrays are there. */
    md_status (*read)(md_source *source, md_split split, md_samples *out, md_error *err);
    void (*close)(md_source *source);
} md_source_ops;

struct md_source {
    const md_source_ops *ops;
    md_source_shape shape;
    void *context; /* the kind's own, freed by its close */
};

/* All forms as "a, b or c", for messages. */
void md_source_forms(char out[MD_VALUE_SIZE]);

/* How files of images are read. */
extern const md_file_kind md_data_file;

/* The cure at the end of messages about damaged files. */
#define MD_FETCH_AGAIN "fetch it again, for MNIST with data/fetch_mnist.sh"

#endif
