/* Where images come from: IDX files (plain or gzip), HDF5, or digits the program draws itself.
 * Local. Opening reads headers only and checks them against the files' real sizes. */
#ifndef MNIST_DIST_DATA_SOURCE_H
#define MNIST_DIST_DATA_SOURCE_H

#include "mnist_dist/data/samples.h"

typedef struct md_source md_source;

/* What data.source may be, one form for each kind of source ("synthetic[:N]"); NULL after the last.
 */
const char *md_source_form(size_t i);

/* What stands in for the default source where that is not there: the folder MNIST_DIR, if the
 * environment names one, else digits that the program draws, "synthetic". */
const char *md_source_instead(void);

/* where: a folder with IDX files (train-images-idx3-ubyte[.gz] and so on, also with a dot before
 * idx), a .h5 file, or "synthetic[:N]". MD_BAD_DATA with the cure. *out is NULL on error. */
md_status md_source_open(const char *where, md_source **out, md_error *err);
void md_source_close(md_source **source); /* NULL is fine; clears *source */

const md_source_shape *md_source_get_shape(const md_source *source);

/* Adds one split to *out, which the caller clears, also after an error: its features, labels or
 * values, in new memory. MD_BAD_DATA when the bytes end early, go on too long, or do not
 * decompress. */
md_status md_source_read(md_source *source, md_split split, md_samples *out, md_error *err);

#endif
