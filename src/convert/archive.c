#include "archive.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { TIME_1980 = 315619200 }; /* the second day of 1980: DOS time in any time zone */

static md_status fail(zip_error_t *why, md_error *err)
{
    return md_fail(err, MD_FAILED, "a zip archive cannot be made: %s", zip_error_strerror(why));
}

static int add_member(zip_t *archive, const md_archive_member *member)
{
    zip_source_t *source = zip_source_buffer(archive, member->bytes.data, member->bytes.size, 0);
    if (!source)
        return -1;
    zip_int64_t index = zip_file_add(archive, member->name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return -1;
    }
    return zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) |
           zip_file_set_mtime(archive, (zip_uint64_t)index, TIME_1980, 0);
}

/* What libzip wrote into `source`. */
static int take_bytes(zip_source_t *source, md_bytes *out)
{
    zip_stat_t info;
    if (zip_source_stat(source, &info) != 0 || zip_source_open(source) != 0)
        return -1;
    out->size = (size_t)info.size;
    out->data = malloc(out->size);
    int failed =
        !out->data || zip_source_read(source, out->data, info.size) != (zip_int64_t)info.size;
    zip_source_close(source);
    if (failed)
        md_bytes_free(out);
    return failed ? -1 : 0;
}

md_status md_archive_write(const md_archive_member *members, size_t count, md_bytes *out,
                           md_error *err)
{
    zip_error_t why;
    zip_error_init(&why);
    *out = (md_bytes){0};
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &why);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_TRUNCATE, &why) : NULL;
    if (!archive) {
        zip_source_free(source);
        md_status status = fail(&why, err);
        zip_error_fini(&why);
        return status;
    }
    zip_source_keep(source);
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = add_member(archive, &members[i]);
    md_status status = MD_OK;
    if (failed || zip_close(archive) != 0) {
        status = fail(zip_get_error(archive), err);
        zip_discard(archive);
    } else if (take_bytes(source, out) != 0)
        status = fail(zip_source_error(source), err);
    zip_source_free(source);
    return status;
}

int md_archive_is(const md_bytes *bytes)
{
    return bytes->size >= 4 && memcmp(bytes->data, "PK\003\004", 4) == 0;
}

static md_status read_member(zip_t *archive, const md_bytes *bytes, const char *path,
                             const char *name, md_bytes *out, md_error *err)
{
    zip_stat_t info;
    if (zip_stat(archive, name, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE))
        return md_fail(err, MD_BAD_CHECKPOINT, "'%s': the archive has no %s", path, name);
    if (info.size == 0 || info.size / MD_INFLATE_RATIO > bytes->size)
        return md_fail(err, MD_BAD_CHECKPOINT, "'%s': %s claims more bytes than the archive has",
                       path, name);
    out->size = (size_t)info.size;
    out->data = malloc(out->size + 1);
    if (!out->data)
        return md_fail_memory(err, name, info.size);
    char beyond;
    zip_file_t *file = zip_fopen(archive, name, 0);
    /* The CRC is compared on reading past the end. */
    int good = file && zip_fread(file, out->data, info.size) == (zip_int64_t)info.size &&
               zip_fread(file, &beyond, 1) == 0;
    if (file)
        zip_fclose(file);
    if (!good)
        return md_fail(err, MD_BAD_CHECKPOINT, "'%s': %s is damaged", path, name);
    out->data[out->size] = '\0'; /* for members that are text */
    return MD_OK;
}

md_status md_archive_read(const md_bytes *archive, const char *path, const char *name,
                          md_bytes *out, md_error *err)
{
    zip_error_t why;
    zip_error_init(&why);
    *out = (md_bytes){0};
    zip_source_t *source = zip_source_buffer_create(archive->data, archive->size, 0, &why);
    zip_t *opened = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    if (!opened) {
        zip_source_free(source);
        md_fail(err, MD_BAD_CHECKPOINT, "'%s' is not a zip archive: %s", path,
                zip_error_strerror(&why));
        zip_error_fini(&why);
        return MD_BAD_CHECKPOINT;
    }
    md_status status = read_member(opened, archive, path, name, out, err);
    zip_discard(opened);
    if (status)
        md_bytes_free(out);
    return status;
}
