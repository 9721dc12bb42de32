/* What was read, made into what a model is given. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/data/samples.h"
#include "statistics.h"
#include "streamed.h"

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

static int are_images(const md_samples *s)
{
    return s->shape.rows > 1 || md_features_side(s->shape.columns) > 0;
}

/* What `count` samples of a split lie between, looked through until one exceeds `enough`. */
static void find_bounds(const md_samples *s, md_split split, size_t count, float enough,
                        float bounds[2])
{
    const size_t features = features_of(s);
    const uint8_t *x = s->features[split];
    bounds[0] = s->streamed ? s->streamed->bounds[0] : INFINITY;
    bounds[1] = s->streamed ? s->streamed->bounds[1] : -INFINITY;
    for (size_t i = 0; x && i < count && !(bounds[1] > enough); i++)
        md_add_bounds(s->element, x + i * features * md_element_size(s->element), features, bounds);
}

/* Of v / 255, the range is that of bytes unless nothing exceeds 1. */
static void keep_range(md_samples *s, size_t trained)
{
    const float enough = s->scale.kind == MD_SCALE_UNIT ? 1.0f : INFINITY;
    float bounds[2];
    find_bounds(s, MD_SPLIT_TRAIN, trained, enough, bounds);
    if (bounds[0] < bounds[1] && !(bounds[1] > enough)) {
        s->scale.least = bounds[0];
        s->scale.most = bounds[1];
    }
}

/* sklearn.preprocessing.StandardScaler's bound for what is but rounding of sums. */
static int is_constant(double variance, double mean, size_t count)
{
    const double rounding = (double)count * mean * DBL_EPSILON;
    return variance <= (double)count * DBL_EPSILON * variance + rounding * rounding;
}

/* Features that vary, but by less than Keras' Normalization divides by, or than float32 can say. */
static void warn_of_small(const char *names, size_t feature, double deviation, size_t count)
{
    const md_scale named = {.class_names = (char *)names};
    char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE], more[64] = "";
    md_text_snippet(md_scale_class(&named, feature, name), shown);
    if (count > 1)
        snprintf(more, sizeof more, " (%zu more are like it)", count - 1);
    md_warn("feature %s varies by %.2g only%s: %s; give it in a smaller unit", shown, deviation,
            more,
            deviation * deviation < (double)FLT_MIN
                ? "too little for float32, so it is not scaled"
                : "Keras divides by 1e-7 at least, so an exported model answers otherwise");
}

/* A feature that is always the same is divided by 1. */
static md_status keep_moments(md_samples *s, const double *mean, const double *square, size_t count,
                              md_error *err)
{
    static const double keras_least = 1e-7;
    size_t small = 0, first = 0;
    for (size_t i = 0; i < features_of(s); i++) {
        const double variance = square[i] / (double)count;
        const int constant = is_constant(variance, mean[i], count);
        s->scale.mean[i] = (float)mean[i];
        s->scale.variance[i] = constant || variance < (double)FLT_MIN ? 1.0f : (float)variance;
        if (!isfinite(s->scale.variance[i]))
            return fail_spread(s, i, err);
        if (!constant && variance < keras_least * keras_least && small++ == 0)
            first = i;
    }
    if (small > 0)
        warn_of_small(s->scale.feature_names, first, sqrt(square[first] / (double)count), small);
    return MD_OK;
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
    return status ? status : keep_moments(s, mean, square, count, err);
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

/* Whether what is in the files can be what the model was trained on, from least to most. Images a
 * few times darker or brighter may be; of tables every row has its own. */
static md_status check_range(const md_samples *s, float least, float most, md_error *err)
{
    static const float far = 10.0f;
    const md_split split =
        s->streamed || s->features[MD_SPLIT_TRAIN] ? MD_SPLIT_TRAIN : MD_SPLIT_TEST;
    const int floats = s->element == MD_ELEMENT_F32;
    const float trained = fmaxf(-least, most);
    float bounds[2];
    find_bounds(s, split, s->shape.images[split], floats || most < 255.0f ? INFINITY : most / far,
                bounds);
    const float given = fmaxf(-bounds[0], bounds[1]);
    const float byte = floats ? largest_byte(s) : bounds[1]; /* -1: they are none */
    const int fractions = bounds[0] >= 0.0f && bounds[1] <= 1.0f && byte < 0.0f;
    const int too_small = fractions && least >= 0.0f && most >= 255.0f && most <= 255.0f;
    const int too_large = least >= 0.0f && most <= 1.0f && byte >= 100.0f;
    if (too_small || too_large)
        return md_fail(err, MD_BAD_DATA,
                       "its features lie from %g to %g, but the model was trained on %g to %g; "
                       "%s them by 255, or give data like those it was trained on",
                       (double)bounds[0], (double)bounds[1], (double)least, (double)most,
                       too_small ? "multiply" : "divide");
    const int darker = bounds[0] < least - (most - least) / 4, signs = least < 0 && bounds[0] >= 0;
    if (are_images(s) && !s->scale.feature_names && given > 0.0f &&
        (given > far * trained || trained > far * given || darker || signs))
        md_warn("pixels lie from %g to %g, but those that the model was trained on from %g to %g: "
                "bring them to the same range",
                (double)bounds[0], (double)bounds[1], (double)least, (double)most);
    return MD_OK;
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

/* Of a model from elsewhere the largest value must not decide, as it differs from file to file. */
static md_scaling resolve_as_is(const md_samples *s)
{
    const int bytes = s->element == MD_ELEMENT_U8 || (are_images(s) && largest_byte(s) > 1.0f);
    return bytes ? MD_SCALING_UNIT : MD_SCALING_NONE;
}

static md_scaling resolve(const md_samples *s, const md_settling *settling)
{
    if (settling->scaling != MD_SCALING_AUTO)
        return settling->scaling;
    if (settling->as_is)
        return resolve_as_is(s);
    if (s->element == MD_ELEMENT_U8 || (s->integers && largest_byte(s) >= 255.0f))
        return MD_SCALING_UNIT;
    return lie_in_unit(s) ? MD_SCALING_NONE : MD_SCALING_STANDARDIZE;
}

static md_status find_scale(md_samples *s, const md_settling *settling, size_t trained,
                            md_error *err)
{
    const md_scaling scaling = resolve(s, settling);
    if (scaling == MD_SCALING_STANDARDIZE && trained > 0)
        return standardize(s, trained, err);
    s->scale.kind = scaling == MD_SCALING_UNIT ? MD_SCALE_UNIT : MD_SCALE_NONE;
    return MD_OK;
}

static md_status choose_scale(md_samples *s, const md_settling *settling, md_error *err)
{
    const size_t trained = s->shape.images[MD_SPLIT_TRAIN] - settling->held_out;
    float least, most;
    if (settling->fixed) {
        md_status status = take_fixed(s, settling->fixed, err);
        if (status || md_scale_range(&s->scale, &least, &most))
            return status ? status : check_range(s, least, most, err);
    } else {
        md_status status = find_scale(s, settling, trained, err);
        if (status)
            return status;
    }
    keep_range(s, trained);
    if (!settling->fixed && settling->scaling == MD_SCALING_AUTO &&
        s->scale.kind == MD_SCALE_UNIT && s->scale.most > 0.0f)
        md_warn("the features are bytes that are all 0 or 1, and the model sees them divided by "
                "255, as all bytes; data.scale=none takes them as they are");
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
    const size_t side = md_features_side(shape->columns);
    if (shape->rows == 1 && side > 0)
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
