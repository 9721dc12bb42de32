/* Small zip archives in memory, through libzip. */
#ifndef MD_IO_ZIP_H
#define MD_IO_ZIP_H

#include "bytes.h"

typedef struct md_zip_member {
    const char *name;
    md_bytes bytes; /* borrowed */
} md_zip_member;

/* An archive of `count` members, stored, with the time set to 1980 so that equal content gives
 * equal bytes. MD_FAILED. */
md_status md_zip_write(const md_zip_member *members, size_t count, md_bytes *out, md_error *err);

int md_zip_is(const md_bytes *bytes); /* does it start like an archive? */

/* One member, checked by its CRC and bounded by what the archive's size can hold; a zero byte, not
 * counted, follows it. `path` is for messages. MD_BAD_CHECKPOINT. */
md_status md_zip_read(const md_bytes *archive, const char *path, const char *name, md_bytes *out,
                      md_error *err);

#endif
