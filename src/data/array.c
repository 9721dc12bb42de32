#include "array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { QMNIST_COLUMNS = 8 };

static const struct {
    size_t size;
    const char *name;
} numbers_of[MD_NUMBER_COUNT] = {
#define MD_ROW(NAME, type, name) {sizeof(type), name},
    MD_NUMBERS(MD_ROW)
#undef MD_ROW
};

size_t md_number_size(md_number type)
{
    return numbers_of[type].size;
}

void md_array_describe(const md_array *array, char out[MD_ARRAY_TEXT])
{
    int used = snprintf(out, MD_ARRAY_TEXT, "%s [", numbers_of[array->type].name);
    for (int i = 0; i < array->rank; i++)
        used += snprintf(out + used, (size_t)(MD_ARRAY_TEXT - used), "%s%zu", i ? ", " : "",
                         array->extent[i]);
    snprintf(out + used, (size_t)(MD_ARRAY_TEXT - used), "]");
}

size_t md_array_width(const md_array *array)
{
    size_t width = 1;
    for (int i = 1; i < array->rank; i++)
        width *= array->extent[i];
    return width;
}

md_status md_array_image(const md_array *array, size_t *rows, size_t *columns, md_error *err)
{
    const size_t *size = array->extent;
    char found[MD_ARRAY_TEXT];
    *rows = 1;
    *columns = array->rank > 1 ? size[1] : 1;
    if (array->rank == 3 || (array->rank == 4 && size[3] == 1)) {
        *rows = size[1];
        *columns = size[2];
    } else if (array->rank == 4 && size[1] == 1) {
        *rows = size[2];
        *columns = size[3];
    } else if (array->rank == 4) {
        md_array_describe(array, found);
        return md_fail(err, MD_BAD_DATA,
                       "%s is %s, images of several channels; give [n, features], [n, rows, "
                       "columns], or a channel axis of 1",
                       array->name, found);
    }
    return MD_OK;
}

/* Each number as a double. */
static double number_at(const md_array *array, const void *numbers, size_t i)
{
    switch (array->type) {
#define MD_ROW(NAME, c_type, name)                                                                 \
    case MD_NUMBER_##NAME:                                                                         \
        return (double)((const c_type *)numbers)[i];
        MD_NUMBERS(MD_ROW)
#undef MD_ROW
    case MD_NUMBER_COUNT:
        break;
    }
    return NAN;
}

static void to_floats(md_number type, const void *numbers, size_t count, float *out)
{
    switch (type) {
#define MD_ROW(NAME, c_type, name)                                                                 \
    case MD_NUMBER_##NAME:                                                                         \
        for (size_t i = 0; i < count; i++)                                                         \
            out[i] = (float)((const c_type *)numbers)[i];                                          \
        break;
        MD_NUMBERS(MD_ROW)
#undef MD_ROW
    case MD_NUMBER_COUNT:
        break;
    }
}

void md_array_swap(md_number type, void *numbers, size_t count)
{
    const size_t size = md_number_size(type);
    unsigned char *at = numbers;
    for (size_t i = 0; i < count; i++, at += size)
        for (size_t k = 0; k < size / 2; k++) {
            const unsigned char kept = at[k];
            at[k] = at[size - 1 - k];
            at[size - 1 - k] = kept;
        }
}

md_status md_array_floats(const md_array *array, const void *numbers, float *out, md_error *err)
{
    const size_t width = md_array_width(array), count = array->extent[0] * width;
    to_floats(array->type, numbers, count, out);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(out[i]))
            return md_fail(err, MD_BAD_DATA,
                           "%s holds %g in sample %zu, place %zu (both from 0), where only finite "
                           "numbers can be; mend it or leave the sample out",
                           array->name, number_at(array, numbers, i), array->first + i / width,
                           i % width);
    return MD_OK;
}

static md_status fail_label(const md_array *array, size_t sample, double value, md_error *err)
{
    return md_fail(
        err, MD_BAD_DATA,
        "%s: the label of sample %zu (from 0) is %g; classes are whole numbers from 0 to "
        "%d",
        array->name, sample, value, INT32_MAX - 1);
}

static md_status single_labels(const md_array *array, const void *numbers, size_t stride,
                               int32_t *labels, md_error *err)
{
    for (size_t i = 0; i < array->extent[0]; i++) {
        const double value = number_at(array, numbers, i * stride);
        if (!(value >= 0.0 && value < INT32_MAX) || floor(value) < value)
            return fail_label(array, i, value, err);
        labels[i] = (int32_t)value;
    }
    return MD_OK;
}

/* The place of a row's only 1 among zeros, or -1. */
static int32_t place_of_one(const md_array *array, const void *numbers, size_t row, size_t width)
{
    int32_t place = -1;
    for (size_t k = 0; k < width; k++) {
        const double value = number_at(array, numbers, row * width + k);
        if (value < 0.0 || (value > 0.0 && (place >= 0 || value < 1.0 || value > 1.0)) ||
            isnan(value))
            return -1;
        if (value > 0.0)
            place = (int32_t)k;
    }
    return place;
}

void md_array_transpose(void *samples, size_t count, size_t rows, size_t columns, size_t size,
                        void *room)
{
    char *sample = samples, *turned = room;
    for (size_t n = 0; n < count; n++, sample += rows * columns * size) {
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                memcpy(turned + (c * rows + r) * size, sample + (r * columns + c) * size, size);
        memcpy(sample, turned, rows * columns * size);
    }
}

md_status md_array_labels(const md_array *array, const void *numbers, int32_t *labels,
                          md_error *err)
{
    const size_t width = md_array_width(array);
    char found[MD_ARRAY_TEXT];
    md_array_describe(array, found);
    if (array->rank > 2 || width == 0)
        return md_fail(err, MD_BAD_DATA,
                       "%s is %s; labels are [n], [n, 1], or [n, classes] with one 1 in each row",
                       array->name, found);
    if (width == 1)
        return single_labels(array, numbers, 1, labels, err);
    for (size_t i = 0; i < array->extent[0]; i++) {
        labels[i] = place_of_one(array, numbers, i, width);
        if (labels[i] >= 0)
            continue;
        if (array->columned && width == QMNIST_COLUMNS && array->type == MD_NUMBER_I32)
            return single_labels(array, numbers, width, labels, err);
        return md_fail(err, MD_BAD_DATA,
                       "%s is %s, but row %zu (from 0) is not one 1 among zeros; labels are [n], "
                       "[n, 1], or [n, classes] with one 1 in each row",
                       array->name, found, i);
    }
    return MD_OK;
}
