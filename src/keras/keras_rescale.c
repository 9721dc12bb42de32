/* Weights for features that are scaled otherwise. */
#include <math.h>
#include <stdlib.h>

#include "keras_take_up.h"
#include "mnist_dist/model/layer_kind.h"

static const double byte_range = 255.0;

/* A value is seen * deviation + mean. */
static double deviation_of(const md_scale *s, size_t i)
{
    switch (s->kind) {
    case MD_SCALE_UNIT:
        return byte_range;
    case MD_SCALE_NONE:
        return 1.0;
    case MD_SCALE_STANDARDIZE:
        break;
    }
    return sqrt((double)s->variance[i]);
}

static double mean_of(const md_scale *s, size_t i)
{
    return s->kind == MD_SCALE_STANDARDIZE ? (double)s->mean[i] : 0.0;
}

/* How many of the model's values make one of the data's. */
static double unit_of(const md_scale *from, const md_scale *to)
{
    float model[2], data[2];
    if (!md_scale_range(from, &model[0], &model[1]) || !md_scale_range(to, &data[0], &data[1]) ||
        model[0] < 0.0f || data[0] < 0.0f)
        return 1.0;
    if (model[1] <= 1.0f && data[1] >= 100.0f)
        return 1.0 / byte_range;
    return model[1] >= 255.0f && data[1] <= 1.0f && to->kind != MD_SCALE_UNIT ? byte_range : 1.0;
}

static void compare(const md_scale *from, const md_scale *to, md_keras_affine *a)
{
    const double unit = unit_of(from, to);
    for (size_t i = 0; i < a->count; i++) {
        const double deviation = deviation_of(from, i);
        a->scale[i] = unit * deviation_of(to, i) / deviation;
        a->offset[i] = (unit * mean_of(to, i) - mean_of(from, i)) / deviation;
    }
}

/* Not more apart than two ways to add up the same samples. */
static int is_near(const md_keras_affine *a)
{
    static const double rounding = 1e-4;
    for (size_t i = 0; i < a->count; i++)
        if (fabs(a->scale[i] - 1.0) > rounding || fabs(a->offset[i]) > rounding)
            return 0;
    return 1;
}

static int suits(const md_scale *scale, size_t features)
{
    return scale->kind != MD_SCALE_STANDARDIZE || scale->features == features;
}

static md_status take_up(const md_model_spec *spec, md_keras_affine *a, float *parameters,
                         md_error *err)
{
    md_layout layout;
    int layer = 0, pooled = 0;
    md_model_spec_layout(spec, &layout);
    for (; layout.first[layer + 1] == layout.first[layer]; layer++)
        pooled |= md_layer_describe(spec->layers[layer].kind)->takes == MD_TAKES_IMAGES;
    const md_tensor *kernel = &layout.tensors[layout.first[layer]];
    if (md_keras_is_identity(a) || (is_near(a) && (pooled || kernel->rank > 2)))
        return MD_OK;
    if (pooled && !md_keras_is_uniform(a))
        return md_fail(err, MD_USAGE, "what is pooled is scaled differently");
    a->count = md_shape_size(&layout.shapes[layer]); /* pooling makes it less */
    return md_keras_take_up(a, &spec->layers[layer], kernel, parameters, err) ? MD_USAGE : MD_OK;
}

md_status md_keras_rescale(const md_model_spec *spec, const md_scale *from, const md_scale *to,
                           float *parameters, md_error *err)
{
    const md_shape input = md_model_spec_input(spec);
    const size_t features = md_shape_size(&input);
    md_keras_affine a;
    if (!suits(from, features) || !suits(to, features))
        return md_fail(err, MD_USAGE, "the model takes %zu features", features);
    md_status status = md_keras_affine_create(features, &a, err);
    if (!status) {
        compare(from, to, &a);
        status = take_up(spec, &a, parameters, err);
    }
    free(a.scale);
    return status;
}
