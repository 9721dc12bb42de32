/* What files of named arrays share, HDF5 and npz: which arrays are meant. Local. */
#ifndef MNIST_DIST_DATA_NAMED_ARRAYS_H
#define MNIST_DIST_DATA_NAMED_ARRAYS_H

#include "source_internal.h"
#include "usual_names.h"

typedef struct md_named_ops {
    int (*has)(md_source *source, const char *name);
    /* Type and shape of the array of a name, which becomes the array's own. */
    md_status (*look)(md_source *source, const char *name, md_array *out, md_error *err);
    /* What the file holds, for messages: "x u1 [600, 28, 28], ..."; how many of these. */
    size_t (*list)(md_source *source, char *out, size_t size);
    md_status (*failed)(const md_source *source); /* of has, whose words are in err already */
    const char *root;                             /* before names in messages */
} md_named_ops;

/* Fills x and y of the source from its wishes or the usual names. */
md_status md_named_find(md_source *source, const md_named_ops *ops, const char *where,
                        md_error *err);

#endif
