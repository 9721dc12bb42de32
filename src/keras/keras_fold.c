/* Layers that scale what a dense layer takes, kept as the data's scale, or taken up by its weights:
 *
 *     f((scale x + offset) W + b) = f(x (scale W) + (b + offset W))
 *
 * and so by a convolution's, if all pixels of a channel are scaled alike, and none that are not
 * there would have to be the offset. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/keras/keras_weights.h"
#include "mnist_dist/model/window.h"

/* Keras' backend.epsilon(), below which no deviation goes. */
static const double smallest_deviation = 1e-7;
static const double byte_range = 255.0;
/* What makes less of its input than this takes bytes: for [0, 1] a deviation is at most 1/2. */
static const double makes_small = 1.0 / 16;

/* A row of numbers, of a step or for each input of a layer. */
typedef struct {
    size_t count;
    double *values;
} row;

/* For each input of a layer. */
typedef struct {
    size_t count;
    double *scale, *offset;
} affine;

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

/* The two rows of a step: scale and offset, or mean and variance. */
static md_status read_rows(md_h5 *f, const md_keras_step *step, const md_keras_layer *saved,
                           row *first, row *second)
{
    *first = *second = (row){0};
    if (!step->normalization) {
        numbers_of(f, json_object_get(step->config, "scale"), first);
        return numbers_of(f, json_object_get(step->config, "offset"), second);
    }
    if (saved->count >= 2) {
        numbers_at(f, saved->tensor[0], first);
        return numbers_at(f, saved->tensor[1], second);
    }
    numbers_of(f, json_object_get(step->config, "mean"), first);
    return numbers_of(f, json_object_get(step->config, "variance"), second);
}

static void compose(affine *a, size_t i, double scale, double offset)
{
    a->scale[i] *= scale;
    a->offset[i] = a->offset[i] * scale + offset;
}

static md_status apply_rows(md_h5 *f, const md_keras_step *step, const row *first,
                            const row *second, affine *a)
{
    const unsigned last = 1u << (step->shape.rank - 1);
    const unsigned kept = step->normalization ? kept_axes(step) : last;
    for (size_t i = 0; i < a->count; i++) {
        size_t count;
        const size_t place = place_of(&step->shape, kept, i, &count);
        if ((first->count != 1 && first->count != count) ||
            (second->count != 1 && second->count != count))
            return md_h5_fail(f, "layer '%.60s' has %zu and %zu numbers where 1 or %zu belong",
                              step->name, first->count, second->count, count);
        const double x = first->values[first->count == 1 ? 0 : place];
        const double y = second->values[second->count == 1 ? 0 : place];
        const double deviation = fmax(sqrt(y), smallest_deviation);
        if (!isfinite(x) || !isfinite(y) || (step->normalization && y < 0.0))
            return md_h5_fail(f, "layer '%.60s' has a number that cannot be right", step->name);
        if (step->normalization)
            compose(a, i, 1.0 / deviation, -x / deviation);
        else
            compose(a, i, x, y);
    }
    return MD_OK;
}

static md_status apply_step(md_h5 *f, const md_keras_step *step, const md_keras_layer *saved,
                            affine *a)
{
    row first, second;
    if (md_shape_size(&step->shape) != a->count)
        return md_h5_fail(f, "layer '%.60s' does not take what the next layer takes", step->name);
    if (!read_rows(f, step, saved, &first, &second))
        apply_rows(f, step, &first, &second, a);
    free(first.values);
    free(second.values);
    return f->status;
}

static md_status start(md_h5 *f, size_t count, affine *a)
{
    void *block = NULL;
    *a = (affine){.count = count};
    f->status = md_allocate(&block, 2 * count, sizeof *a->scale, "a layer's inputs", f->err);
    if (f->status)
        return f->status;
    a->scale = block;
    a->offset = a->scale + count;
    for (size_t i = 0; i < count; i++) {
        a->scale[i] = 1.0;
        a->offset[i] = 0.0;
    }
    return MD_OK;
}

static int same(double a, double b)
{
    return a >= b && a <= b;
}

/* What the model, whose first layers make `a` of its input, takes for a pixel. */
static md_keras_pixels guess_pixels(const md_keras_model *model, const affine *a)
{
    double least = INFINITY;
    for (size_t i = 0; i < a->count; i++)
        least = fmin(least, fabs(a->scale[i]));
    const int table = model->spec.rows == 1 && model->step_count > 0;
    return model->takes_bytes || table || least < makes_small ? MD_KERAS_PIXELS_RAW
                                                              : MD_KERAS_PIXELS_UNIT;
}

/* v, v / 255 or (v - mean) / deviation; 0: none of them is what is made of the data's features. */
static int has_word(const md_keras_model *model, const affine *a, md_scale_kind *kind)
{
    const md_shape input = md_model_spec_input(&model->spec);
    int none = 1, unit = 1;
    if (md_shape_size(&input) != a->count)
        return 0;
    for (size_t i = 0; i < a->count; i++) {
        const int offset = !same(a->offset[i], 0.0);
        const double inverse = 1.0 / a->scale[i], variance = inverse * inverse;
        if (!(a->scale[i] > 0.0) || !((float)variance > 0.0f) || !isfinite((float)variance) ||
            !isfinite((float)(-a->offset[i] * inverse)))
            return 0;
        none &= !offset && same(a->scale[i], 1.0);
        unit &= !offset && fabs(byte_range * a->scale[i] - 1.0) <= (double)FLT_EPSILON / 2;
    }
    *kind = none ? MD_SCALE_NONE : unit ? MD_SCALE_UNIT : MD_SCALE_STANDARDIZE;
    return 1;
}

/* The scale that `a` is. */
static md_status keep(md_h5 *f, md_scale_kind kind, const affine *a, md_scale *out)
{
    *out = (md_scale){.kind = kind};
    if (kind != MD_SCALE_STANDARDIZE)
        return MD_OK;
    out->features = a->count;
    f->status = md_allocate((void **)&out->mean, a->count, sizeof(float), "a scale", f->err);
    if (!f->status)
        f->status =
            md_allocate((void **)&out->variance, a->count, sizeof(float), "a scale", f->err);
    for (size_t i = 0; i < a->count && !f->status; i++) {
        out->mean[i] = (float)(-a->offset[i] / a->scale[i]);
        out->variance[i] = (float)(1.0 / (a->scale[i] * a->scale[i]));
    }
    return f->status;
}

/* What comes before the first weights: of raw values, what our data are scaled by, or else more
 * for the weights to take up, since pixels of ours are bytes / 255. */
static md_status take_pixels(md_h5 *f, const md_keras_model *model, md_keras_pixels *pixels,
                             md_scale *scale, affine *a, int *kept)
{
    md_scale_kind kind;
    *kept = 0;
    if (*pixels == MD_KERAS_PIXELS_AUTO)
        *pixels = guess_pixels(model, a);
    if (*pixels != MD_KERAS_PIXELS_RAW)
        return MD_OK;
    *kept = scale && has_word(model, a, &kind);
    if (*kept)
        return keep(f, kind, a, scale);
    for (size_t i = 0; i < a->count; i++)
        a->scale[i] *= byte_range;
    return MD_OK;
}

static int is_identity(const affine *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (fabs(a->scale[i] - 1.0) > (double)FLT_EPSILON / 2 || a->offset[i] > 0.0 ||
            a->offset[i] < 0.0)
            return 0;
    return 1;
}

static md_status take_up(md_h5 *f, const affine *a, const md_tensor *kernel, float *parameters)
{
    const size_t units = kernel[0].shape[1];
    float *weights = parameters + kernel[0].offset, *bias = parameters + kernel[1].offset;
    for (size_t j = 0; j < units; j++) {
        double sum = (double)bias[j];
        for (size_t i = 0; i < a->count; i++) {
            float *w = &weights[i * units + j];
            sum += a->offset[i] * (double)*w;
            *w = (float)(a->scale[i] * (double)*w);
        }
        bias[j] = (float)sum;
        if (!isfinite(bias[j]))
            return md_h5_fail(f, "a bias grows beyond all numbers when its layer takes up the ones "
                                 "before it");
    }
    return MD_OK;
}

/* The first channels' numbers hold for all pixels; what is beyond the image is 0 and not offset. */
static int suits_windows(const affine *a, size_t channels, int padded)
{
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->scale[i], a->scale[i % channels]) ||
            !same(a->offset[i], padded ? 0.0 : a->offset[i % channels]))
            return 0;
    return 1;
}

/* A convolution's kernel, [rows][columns][channels][filters], over `a` for each channel. */
static md_status take_up_windows(md_h5 *f, const affine *a, const md_layer_spec *layer,
                                 const md_tensor *kernel, float *parameters)
{
    const size_t channels = kernel->shape[2];
    const affine each = {channels, a->scale, a->offset};
    const md_window_layer own = md_window_layer_of(layer);
    if (!suits_windows(a, channels, own.window.padding == MD_PADDING_SAME))
        return md_h5_fail(f,
                          "layer '%.60s' cannot take up what scales its input: pixels are scaled "
                          "differently, or offset where it pads with zeros",
                          layer->name);
    for (size_t tap = 0; tap < kernel->shape[0] * kernel->shape[1] && !f->status; tap++) {
        md_tensor part[2] = {kernel[0], kernel[1]};
        part[0].shape[1] = kernel->shape[3];
        part[0].offset += tap * channels * kernel->shape[3];
        take_up(f, &each, part, parameters);
    }
    return f->status;
}

/* What folding goes through. */
typedef struct {
    md_h5 *f;
    const md_keras_model *model;
    const md_keras_weights *weights;
    md_layout layout;
    md_keras_pixels *pixels;
    md_scale *scale;
    float *parameters;
    int changed;
} folding;

/* Layer `layer`, number `weighted` of those with weights. */
static md_status fold_layer(folding *g, int layer, int weighted)
{
    md_h5 *f = g->f;
    const md_tensor *kernel = &g->layout.tensors[g->layout.first[layer]];
    affine a;
    int kept = 0;
    start(f, md_shape_size(&g->layout.shapes[layer]), &a);
    for (int i = 0; i < g->model->step_count && !f->status; i++)
        if (g->model->steps[i].weighted == weighted)
            apply_step(f, &g->model->steps[i], &g->weights->steps[i], &a);
    if (!f->status && weighted == 0)
        take_pixels(f, g->model, g->pixels, g->scale, &a, &kept);
    if (!f->status && !kept && !is_identity(&a)) {
        g->changed = 1;
        if (kernel->rank == 2)
            take_up(f, &a, kernel, g->parameters);
        else
            take_up_windows(f, &a, &g->model->spec.layers[layer], kernel, g->parameters);
    }
    free(a.scale);
    return f->status;
}

md_status md_keras_fold(md_h5 *f, const md_keras_model *model, const md_keras_weights *weights,
                        md_keras_pixels *pixels, md_scale *scale, float *parameters, int *changed)
{
    folding g = {.f = f,
                 .model = model,
                 .weights = weights,
                 .pixels = pixels,
                 .scale = scale,
                 .parameters = parameters};
    md_model_spec_layout(&model->spec, &g.layout);
    int weighted = 0;
    for (int i = 0; i < model->spec.layer_count && !f->status; i++)
        if (g.layout.first[i + 1] > g.layout.first[i])
            fold_layer(&g, i, weighted++);
    *changed = g.changed;
    return f->status;
}
