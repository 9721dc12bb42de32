/* Small zip archives in memory, through libzip. */
#ifndef MNIST_DIST_CONVERT_ARCHIVE_H
#define MNIST_DIST_CONVERT_ARCHIVE_H

#include "mnist_dist/base/bytes.h"

typedef struct md_archive_member {
    const char *name;
    md_bytes bytes; /* borrowed */
} md_archive_member;

/* An archive of `count` members, stored, with the time set to 1980 so that equal content gives
 * equal bytes. MD_FAILED. */
md_status md_archive_write(const md_archive_member *members, size_t count, md_bytes *out,
                           md_error *err);

int md_archive_is(const md_bytes *bytes); /* does it start like an archive? */

/* One member, checked by its CRC and bounded by what the archive's size can hold; a zero byte, not
 * counted, follows it. `path` is for messages. MD_BAD_CHECKPOINT. */
md_status md_archive_read(const md_bytes *archive, const char *path, const char *name,
                          md_bytes *out, md_error *err);

#endif
