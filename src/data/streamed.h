/* Features that stay in their file: where, and what was seen when they were read through. Local. */
#ifndef MNIST_DIST_DATA_STREAMED_H
#define MNIST_DIST_DATA_STREAMED_H

#include "feature_file.h"
#include "mnist_dist/data/provenance.h"
#include "mnist_dist/data/samples.h"
#include "mnist_dist/data/store.h"

typedef struct md_streamed_part {
    md_feature_file file;
    md_h5_piece *pieces;
    uint64_t *nonzero;                                                      /* by chunk */
    char sha256[MD_DATA_SHA256_LINE], sha256_as_bytes[MD_DATA_SHA256_LINE]; /* "": it is not */
} md_streamed_part;

struct md_streamed {
    md_streamed_part part[2]; /* by split; chunk 0: there is none */
    size_t window;            /* bytes of memory that they are read through */
    float largest;            /* of all when they are whole numbers from 0 to 255, else -1 */
    float bounds[2];          /* between which lie those trained on */
    int in_unit;              /* those of the training split lie in [0, 1] */
    double *sum;              /* [features]: of the samples trained on; NULL: not asked for */
};

md_status md_streamed_create(size_t window, md_streamed **out, md_error *err);
void md_streamed_destroy(md_streamed **streamed); /* NULL is fine; clears *streamed */

/* Takes over pieces. Cuts the file into chunks of which a window holds several. */
void md_streamed_place(md_streamed *s, md_split split, const md_feature_file *file,
                       md_h5_piece *pieces);

/* From now on samples are given so. */
void md_streamed_transpose(md_streamed *s, size_t rows, size_t columns);
void md_streamed_narrow(md_streamed *s); /* floats that are whole numbers from 0 to 255 */

/* What is to be found out. */
typedef struct md_look {
    size_t trained; /* samples whose sums are taken */
    int sums;
    const md_source_shape *shape, *as_bytes; /* of samples as they are, and of bytes */
} md_look;

/* Reads everything once. MD_BAD_DATA for what is no feature. */
md_status md_streamed_look(md_streamed *s, const md_look *look, md_error *err);

/* Adds to square[features] the squares of what lies off the mean, of the first `count` samples. */
md_status md_streamed_squares(md_streamed *s, size_t count, const double *mean, double *square,
                              md_error *err);

size_t md_streamed_nonzero(const md_streamed *s, md_split split);

/* Fills plan->chunk, window and window_nonzero, which follow from the file, the elements and the
 * window alone. MD_USAGE when it cannot hold a few of the file's chunks. */
md_status md_streamed_cut(const md_samples *samples, md_store_header *plan, md_error *err);

#endif
