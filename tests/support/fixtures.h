/* Small files for tests. A call that the system fails ends the program:
 * nothing can be tested without its files. */
#ifndef MNIST_DIST_TEST_SUPPORT_FIXTURES_H
#define MNIST_DIST_TEST_SUPPORT_FIXTURES_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/data/source.h"
#include "temporary.h"

void md_fixture_write(const char *folder, const char *name, const void *bytes, size_t size);
void md_fixture_write_gzip(const char *folder, const char *name, const void *bytes, size_t size);
/* A whole file; the caller frees it. */
uint8_t *md_fixture_read(const char *folder, const char *name, size_t *size);

/* What the sets written here hold; about one pixel in five is not zero. */
uint8_t md_fixture_pixel(md_split split, size_t image, size_t pixel);
uint8_t md_fixture_label(md_split split, size_t image);

/* An IDX file in memory, to be written as it is or after damage; the caller frees it. */
uint8_t *md_fixture_idx_images(const md_source_shape *shape, md_split split, size_t *size);
uint8_t *md_fixture_idx_labels(const md_source_shape *shape, md_split split, size_t *size);

/* A folder as md_source_open wants it; without test images there are no test files. */
void md_fixture_idx_set(const char *folder, const md_source_shape *shape, int gzip);

/* A source of bytes and labels read in full; for md_fixture_free in any case. */
typedef struct md_fixture_data {
    md_samples samples;
    md_source_shape shape; /* the samples' own, */
    uint8_t *images[2];    /* as are these */
    int32_t *labels[2];
} md_fixture_data;

md_status md_fixture_load(const char *where, md_fixture_data *out, md_error *err);
void md_fixture_free(md_fixture_data *data);

#endif
