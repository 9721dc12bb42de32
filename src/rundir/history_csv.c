#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "folder_internal.h"
#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/checkpoint/fields.h"

static void print_value(FILE *out, const md_field *field, const char *row)
{
    const char *at = row + field->offset;
    int64_t whole;
    uint64_t digest;
    double real;
    switch (field->type) {
    case MD_H5_I64:
        memcpy(&whole, at, sizeof whole);
        fprintf(out, "%" PRId64, whole);
        break;
    case MD_H5_U64:
        memcpy(&digest, at, sizeof digest);
        fprintf(out, "%016" PRIx64, digest);
        break;
    default:
        memcpy(&real, at, sizeof real);
        fprintf(out, "%.9g", real);
    }
}

static void print_table(FILE *out, const md_table *table, const char *rows, size_t count)
{
    for (size_t i = 0; i < table->field_count; i++)
        fprintf(out, "%s%s", i ? "," : "", table->fields[i].name);
    fputc('\n', out);
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < table->field_count; i++) {
            print_value(out, &table->fields[i], rows + row * table->row_size);
            fputc(i + 1 < table->field_count ? ',' : '\n', out);
        }
}

static void print_history(const void *checkpoint, FILE *out)
{
    const md_checkpoint *c = checkpoint;
    print_table(out, md_history_table(&c->model), (const char *)c->history, c->history_count);
}

static int holds(const char *path, const md_bytes *text)
{
    static const md_file_kind kind = {.what = "a table", .quote = "'", .status = MD_FAILED};
    md_bytes found;
    const int same = md_bytes_read(path, &kind, &found, NULL, NULL) == MD_OK &&
                     found.size == text->size && memcmp(found.data, text->data, found.size) == 0;
    md_bytes_free(&found);
    return same;
}

static md_status replace(const md_folder *folder, const char *path, const md_bytes *text,
                         md_error *err)
{
    char saving[PATH_MAX];
    md_files_join(folder->path, MD_FILE_SAVING_CSV, saving);
    md_status status = md_bytes_write(saving, text, err);
    if (!status)
        status = md_files_rename(saving, path, err);
    if (status)
        unlink(saving);
    return status;
}

void md_folder_write_history(md_folder *folder, const md_checkpoint *c)
{
    char path[PATH_MAX];
    md_bytes text;
    md_error why;
    md_files_join(folder->path, MD_FILE_HISTORY, path);
    md_status status = md_bytes_print(print_history, c, &text, &why);
    if (!status && !holds(path, &text))
        status = replace(folder, path, &text, &why);
    md_bytes_free(&text);
    if (status && !folder->history_told++)
        md_warn(MD_FILE_HISTORY " is not up to date: %s; the checkpoints hold the history too",
                why.text);
}
