#include "sample_text.h"

#include <stdlib.h>

#include "cli/inputs.h"
#include "mnist_dist/base/memory.h"

enum { CELL = 40, SHOWN_TARGETS = 8 };

int md_sample_is_row(const md_store *store)
{
    return store->header->shape.rows == 1;
}

int md_sample_name(const md_store *store, md_split split, size_t sample, char *out, size_t size)
{
    return snprintf(out, size, "%s %s %zu", md_split_words[split],
                    md_sample_is_row(store) ? "row" : "image", sample);
}

int md_sample_answer(const md_store *store, md_split split, size_t sample, char *out, size_t size)
{
    const int32_t *labels = md_store_labels(store, split);
    const float *targets = md_store_values(store, split);
    const size_t count = store->header->targets;
    if (labels)
        return snprintf(out, size, ": label %d", labels[sample]);
    if (!targets)
        return 0;
    int length = snprintf(out, size, ": target%s", count > 1 ? "s" : "");
    for (size_t k = 0; k < count && k < SHOWN_TARGETS; k++)
        length += snprintf(out + length, size - (size_t)length, " %.6g",
                           (double)targets[sample * count + k]);
    if (count > SHOWN_TARGETS)
        length += snprintf(out + length, size - (size_t)length, " ...");
    return length;
}

static double value_of(const md_store *store, const void *values, size_t i)
{
    return store->header->element == MD_ELEMENT_U8 ? ((const uint8_t *)values)[i]
                                                   : (double)((const float *)values)[i];
}

static int format_cell(size_t feature, double value, char out[CELL])
{
    return snprintf(out, CELL, "%zu: %.6g", feature, value);
}

/* As wide as the widest cell. */
static int cell_width(const md_store *store, const void *values, size_t count)
{
    char cell[CELL];
    int widest = 0;
    for (size_t i = 0; i < count; i++) {
        const int width = format_cell(i, value_of(store, values, i), cell);
        widest = width > widest ? width : widest;
    }
    return widest + 2;
}

md_status md_sample_print(const md_terminal *terminal, const md_store *store, md_split split,
                          size_t sample, FILE *out, md_error *err)
{
    const size_t count = md_store_features(store);
    char cell[CELL];
    void *values;
    md_status status = md_allocate(
        &values, count, md_element_size((md_element)store->header->element), "a row", err);
    if (status)
        return status;
    md_store_sample(store, split, sample, values);
    const int width = cell_width(store, values, count);
    const int room = (md_terminal_text_columns(terminal) - 1) / width;
    const size_t across = room > 1 ? (size_t)room : 1;
    for (size_t i = 0; i < count; i++) {
        const int last = i + 1 == count || (i + 1) % across == 0;
        const int length = format_cell(i, value_of(store, values, i), cell);
        fprintf(out, "  %s%*s", cell, last ? 0 : width - 2 - length, "");
        if (last)
            fputc('\n', out);
    }
    free(values);
    return MD_OK;
}
