/* The numbers of layers that scale what they take, from their attributes or arrays. */
#include "keras_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

/* Keras' backend.epsilon(), below which no deviation goes. */
static const double smallest_deviation = 1e-7;

/* A row of numbers, of a step. */
typedef struct {
    size_t count;
    double *values;
} row;

/* NOLINTNEXTLINE(misc-no-recursion): jansson bounds the depth. */
static size_t count_numbers(const json_t *value)
{
    const json_t *item;
    size_t i, count = json_is_number(value) ? 1 : 0;
    json_array_foreach(value, i, item)
    {
        count += count_numbers(item);
    }
    return count;
}

/* NOLINTNEXTLINE(misc-no-recursion): the same. */
static void copy_numbers(const json_t *value, row *out)
{
    const json_t *item;
    size_t i;
    if (json_is_number(value))
        out->values[out->count++] = json_number_value(value);
    json_array_foreach(value, i, item)
    {
        copy_numbers(item, out);
    }
}

/* A number, a list, or {"class_name": "__numpy__", "config": {"value": ...}}. */
static md_status numbers_of(md_h5 *f, const json_t *value, row *out)
{
    if (json_is_object(value))
        value = json_object_get(json_object_get(value, "config"), "value");
    void *block = NULL;
    *out = (row){0};
    if (!f->status)
        f->status =
            md_allocate(&block, count_numbers(value), sizeof *out->values, "a layer", f->err);
    out->values = block;
    if (!f->status)
        copy_numbers(value, out);
    return f->status;
}

/* The array that an adapted layer keeps. */
static md_status numbers_at(md_h5 *f, const char *path, row *out)
{
    md_h5_array array = {.type = MD_H5_F64};
    void *block = NULL;
    *out = (row){0};
    md_h5_get_shape(f, path, &array.shape);
    size_t count = 1;
    for (int i = 0; !f->status && i < array.shape.rank; i++)
        count *= (size_t)array.shape.dims[i];
    if (!f->status)
        f->status = md_allocate(&block, count, sizeof *out->values, "a layer", f->err);
    if (!f->status)
        md_h5_get_converted(f, path, &array, block);
    *out = (row){f->status ? 0 : count, block};
    return f->status;
}

/* Which of the step's numbers belongs to input i: the row-major place along the axes it keeps, bit
 * 1 << a for axis a of the sample's shape. *count: how many that makes. */
static size_t place_of(const md_shape *shape, unsigned kept, size_t i, size_t *count)
{
    size_t place = 0, stride = 1, left = i;
    *count = 1;
    for (int a = shape->rank - 1; a >= 0; a--) {
        const size_t at = left % shape->extent[a];
        left /= shape->extent[a];
        if (kept & 1u << a) {
            place += at * stride;
            stride *= shape->extent[a];
        }
    }
    *count = stride;
    return place;
}

/* Axes that a Normalization keeps, counted as Keras does with the batch as 0: a number or a list.
 */
static unsigned kept_axes(const md_keras_step *step)
{
    const json_t *axes = json_object_get(step->config, "axis"), *axis;
    unsigned kept = 0;
    size_t n = json_is_array(axes) ? json_array_size(axes) : 1;
    for (size_t i = 0; i < n; i++) {
        axis = json_is_array(axes) ? json_array_get(axes, i) : axes;
        json_int_t a = json_is_integer(axis) ? json_integer_value(axis) : 0;
        a = a < 0 ? a + step->shape.rank : a - 1;
        if (a >= 0 && a < step->shape.rank)
            kept |= 1u << a;
    }
    return kept;
}

/* A step makes (x - mean) / deviation * scale + offset. */
enum { SCALE, OFFSET, MEAN, VARIANCE, ROWS };

static md_status one_number(md_h5 *f, double number, row *out)
{
    void *block = NULL;
    *out = (row){0};
    if (!f->status)
        f->status = md_allocate(&block, 1, sizeof number, "a layer", f->err);
    if (!f->status)
        memcpy(block, &number, sizeof number);
    *out = (row){f->status ? 0 : 1, block};
    return f->status;
}

static md_status read_constants(md_h5 *f, const json_t *config, row rows[ROWS])
{
    numbers_of(f, json_object_get(config, "scale"), &rows[SCALE]);
    return numbers_of(f, json_object_get(config, "offset"), &rows[OFFSET]);
}

static md_status read_normalization(md_h5 *f, const md_keras_step *step,
                                    const md_keras_layer *saved, row rows[ROWS])
{
    if (saved->count >= 2) {
        numbers_at(f, saved->tensor[0], &rows[MEAN]);
        return numbers_at(f, saved->tensor[1], &rows[VARIANCE]);
    }
    numbers_of(f, json_object_get(step->config, "mean"), &rows[MEAN]);
    return numbers_of(f, json_object_get(step->config, "variance"), &rows[VARIANCE]);
}

/* gamma where it scales, beta where it centers, and both moving averages. */
static md_status read_batch_normalization(md_h5 *f, const md_keras_step *step,
                                          const md_keras_layer *saved, row rows[ROWS])
{
    const char *const switches[ROWS] = {"scale", "center"};
    int count = 0;
    for (int i = 0; i < ROWS && !f->status; i++) {
        if (switches[i] && json_is_false(json_object_get(step->config, switches[i])))
            continue;
        if (count == saved->count)
            return md_h5_fail(f, "layer '%.60s' has %d arrays, one less than belong", step->name,
                              saved->count);
        numbers_at(f, saved->tensor[count++], &rows[i]);
    }
    return f->status;
}

static md_status read_rows(md_h5 *f, const md_keras_step *step, const md_keras_layer *saved,
                           row rows[ROWS])
{
    static const double standard[ROWS] = {[SCALE] = 1.0, [VARIANCE] = 1.0};
    switch (step->kind) {
    case MD_KERAS_RESCALING:
        read_constants(f, step->config, rows);
        break;
    case MD_KERAS_NORMALIZATION:
        read_normalization(f, step, saved, rows);
        break;
    case MD_KERAS_BATCH_NORMALIZATION:
        read_batch_normalization(f, step, saved, rows);
        break;
    }
    for (int i = 0; i < ROWS && !f->status; i++)
        if (!rows[i].values)
            one_number(f, standard[i], &rows[i]);
    return f->status;
}

static double deviation_of(const md_keras_step *step, double variance)
{
    switch (step->kind) {
    case MD_KERAS_NORMALIZATION:
        return fmax(sqrt(variance), smallest_deviation);
    case MD_KERAS_BATCH_NORMALIZATION:
        return sqrt(variance + json_number_value(json_object_get(step->config, "epsilon")));
    case MD_KERAS_RESCALING:
        break;
    }
    return 1.0;
}

unsigned md_keras_step_axes(const md_keras_step *step)
{
    return step->kind == MD_KERAS_NORMALIZATION ? kept_axes(step) : 1u << (step->shape.rank - 1);
}

static md_status apply_rows(md_h5 *f, const md_keras_step *step, const row rows[ROWS],
                            md_keras_affine *a)
{
    const unsigned kept = md_keras_step_axes(step);
    for (size_t i = 0; i < a->count; i++) {
        size_t count;
        double x[ROWS];
        const size_t place = place_of(&step->shape, kept, i, &count);
        for (int k = 0; k < ROWS; k++) {
            if (rows[k].count != 1 && rows[k].count != count)
                return md_h5_fail(f, "layer '%.60s' has %zu numbers where 1 or %zu belong",
                                  step->name, rows[k].count, count);
            x[k] = rows[k].values[rows[k].count == 1 ? 0 : place];
        }
        const double scale = x[SCALE] / deviation_of(step, x[VARIANCE]);
        const double offset = x[OFFSET] - x[MEAN] * scale;
        if (!isfinite(scale) || !isfinite(offset) || x[VARIANCE] < 0.0)
            return md_h5_fail(f, "layer '%.60s' has a number that cannot be right", step->name);
        a->scale[i] *= scale;
        a->offset[i] = a->offset[i] * scale + offset;
    }
    return MD_OK;
}

md_status md_keras_step_apply(md_h5 *f, const md_keras_step *step, const md_keras_layer *saved,
                              md_keras_affine *a)
{
    row rows[ROWS] = {{0}};
    if (!read_rows(f, step, saved, rows))
        apply_rows(f, step, rows, a);
    for (int i = 0; i < ROWS; i++)
        free(rows[i].values);
    return f->status;
}
