/* What was read, made into what a model is given. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/data/samples.h"
#include "statistics.h"
#include "streamed.h"

enum { SMALLEST_SIDE = 8 };

static size_t features_of(const md_samples *s)
{
    return md_samples_features(&s->shape);
}

/* The largest of the floats when all are whole numbers from 0 to 255, else -1. */
static float largest_byte(const md_samples *s)
{
    float largest = 0.0f;
    if (s->streamed)
        return s->streamed->largest;
    for (int split = 0; split < 2; split++)
        if (s->features[split])
            largest = md_largest_byte(s->features[split], s->shape.images[split] * features_of(s),
                                      largest);
    return largest;
}

static int lie_in_unit(const md_samples *s)
{
    const float *x = s->features[MD_SPLIT_TRAIN];
    if (s->streamed)
        return s->streamed->in_unit;
    return !x || md_lie_in_unit(x, s->shape.images[MD_SPLIT_TRAIN] * features_of(s));
}

/* Not within the range of float32. */
static md_status fail_spread(const md_samples *s, size_t feature, md_error *err)
{
    const char *name = s->scale.feature_names;
    for (size_t i = 0; name && i < feature; i++) {
        name = strchr(name, '\n');
        name = name ? name + 1 : NULL;
    }
    char quoted[MD_SNIPPET_SIZE] = "", snippet[MD_SNIPPET_SIZE - 5];
    if (name) {
        snprintf(snippet, sizeof snippet, "%.*s", (int)strcspn(name, "\n"), name);
        snprintf(quoted, sizeof quoted, " ('%s')", snippet);
        md_text_make_printable(quoted);
    }
    return md_fail(
        err, MD_BAD_DATA,
        "feature %zu%s lies too far apart to be standardized: the variance of its values "
        "is above 3.4e38; give it in a larger unit",
        feature + 1, quoted);
}

/* Mean first, then the squares of what lies off it. sums[2][features]. */
static md_status measure(md_samples *s, size_t count, double *sums, md_error *err)
{
    const size_t features = features_of(s);
    double *mean = sums, *square = sums + features;
    const void *x = s->features[MD_SPLIT_TRAIN];
    md_status status = MD_OK;
    if (s->streamed)
        memcpy(mean, s->streamed->sum, features * sizeof *mean);
    else
        md_add_samples(s->element, x, count, features, mean);
    for (size_t i = 0; i < features; i++)
        mean[i] /= (double)count;
    if (s->streamed)
        status = md_streamed_squares(s->streamed, count, mean, square, err);
    else
        md_add_squares(s->element, x, count, features, mean, square);
    for (size_t i = 0; i < features; i++) {
        const float variance = (float)(square[i] / (double)count);
        s->scale.mean[i] = (float)mean[i];
        s->scale.variance[i] = variance >= 1e-30f ? variance : 1.0f;
        if (!status && !isfinite(variance))
            status = fail_spread(s, i, err);
    }
    return status;
}

static md_status standardize(md_samples *s, size_t count, md_error *err)
{
    const size_t features = features_of(s);
    double *sums = NULL;
    s->scale.kind = MD_SCALE_STANDARDIZE;
    s->scale.features = features;
    md_status status =
        md_allocate((void **)&s->scale.mean, features, sizeof(float), "the features' means", err);
    if (!status)
        status = md_allocate((void **)&s->scale.variance, features, sizeof(float),
                             "the features' variances", err);
    if (!status)
        status = md_allocate((void **)&sums, 2 * features, sizeof *sums, "sums", err);
    if (!status)
        status = measure(s, count, sums, err);
    free(sums);
    return status;
}

static md_status take_fixed(md_samples *s, const md_scale *fixed, md_error *err)
{
    if (fixed->kind == MD_SCALE_STANDARDIZE && fixed->features != features_of(s))
        return md_fail(err, MD_BAD_DATA,
                       "the data have %zu features, but the model was made for %zu; give the data "
                       "it was made for",
                       features_of(s), fixed->features);
    return md_scale_copy(fixed, &s->scale, err);
}

static md_scaling resolve(const md_samples *s, const md_settling *settling)
{
    if (settling->scaling != MD_SCALING_AUTO)
        return settling->scaling;
    if (s->element == MD_ELEMENT_U8 || (s->integers && largest_byte(s) >= 255.0f))
        return MD_SCALING_UNIT;
    return settling->as_is || lie_in_unit(s) ? MD_SCALING_NONE : MD_SCALING_STANDARDIZE;
}

static md_status choose_scale(md_samples *s, const md_settling *settling, md_error *err)
{
    if (settling->fixed)
        return take_fixed(s, settling->fixed, err);
    const size_t trained = s->shape.images[MD_SPLIT_TRAIN] - settling->held_out;
    const md_scaling scaling = resolve(s, settling);
    if (scaling == MD_SCALING_STANDARDIZE && trained > 0)
        return standardize(s, trained, err);
    s->scale.kind = scaling == MD_SCALING_UNIT ? MD_SCALE_UNIT : MD_SCALE_NONE;
    return MD_OK;
}

/* In place: each byte lies before the float that it was. */
static void narrow(md_samples *s)
{
    s->element = MD_ELEMENT_U8;
    if (s->streamed)
        md_streamed_narrow(s->streamed);
    for (int split = 0; split < 2; split++) {
        const float *x = s->features[split];
        uint8_t *bytes = s->features[split];
        const size_t count = x ? s->shape.images[split] * features_of(s) : 0;
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)x[i];
    }
}

static void make_square(md_source_shape *shape)
{
    size_t side = (size_t)lround(sqrt((double)shape->columns));
    if (shape->rows != 1 || side < SMALLEST_SIDE || side * side != shape->columns)
        return;
    shape->rows = shape->columns = side;
}

static md_status transpose(md_samples *s, md_error *err)
{
    make_square(&s->shape);
    const size_t rows = s->shape.rows, columns = s->shape.columns;
    const size_t size = md_element_size(s->element);
    void *turned;
    md_status status = md_allocate(&turned, rows * columns, size, "an image", err);
    if (status)
        return status;
    for (int split = 0; split < 2; split++)
        if (s->features[split])
            md_array_transpose(s->features[split], s->shape.images[split], rows, columns, size,
                               turned);
    free(turned);
    if (s->streamed)
        md_streamed_transpose(s->streamed, rows, columns);
    s->shape.rows = columns;
    s->shape.columns = rows;
    return MD_OK;
}

/* What the features show is asked once, before anything depends on it. */
static md_status look_through(md_samples *s, const md_settling *settling, md_error *err)
{
    const md_scaling scaling = settling->scaling;
    md_source_shape square = s->shape;
    make_square(&square);
    const int is_unit = settling->fixed ? settling->fixed->kind == MD_SCALE_UNIT
                                        : scaling == MD_SCALING_AUTO || scaling == MD_SCALING_UNIT;
    const md_look look = {.trained = s->shape.images[MD_SPLIT_TRAIN] - settling->held_out,
                          .sums = !settling->fixed &&
                                  (scaling == MD_SCALING_STANDARDIZE ||
                                   (scaling == MD_SCALING_AUTO && s->element == MD_ELEMENT_F32)),
                          .shape = &s->shape,
                          .as_bytes = is_unit ? &square : &s->shape};
    return md_streamed_look(s->streamed, &look, err);
}

md_status md_samples_settle(md_samples *s, const md_settling *settling, md_error *err)
{
    md_status status = MD_OK;
    if (settling->transpose)
        status = transpose(s, err);
    if (!status && s->streamed)
        status = look_through(s, settling, err);
    if (!status)
        status = choose_scale(s, settling, err);
    if (status)
        return status;
    if (s->element == MD_ELEMENT_F32 && s->scale.kind == MD_SCALE_UNIT && largest_byte(s) >= 0.0f)
        narrow(s);
    if (s->element == MD_ELEMENT_U8 && s->scale.kind == MD_SCALE_UNIT)
        make_square(&s->shape);
    return MD_OK;
}
