#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "folder_internal.h"
#include "mnist_dist/base/bytes.h"
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

md_status md_history_write_csv(const char *path, const md_checkpoint *c, md_error *err)
{
    md_bytes text;
    md_status status = md_bytes_print(print_history, c, &text, err);
    if (!status)
        status = md_bytes_write(path, &text, err);
    md_bytes_free(&text);
    return status;
}
