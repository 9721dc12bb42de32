/* Layers that scale what a layer takes or gives, kept as the data's scale, or taken up by its
 * weights (keras_take_up.h) or, behind it,
 *
 *     f(scale (x W + b) + offset) = f(x (W scale) + (scale b + offset)) */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "keras_take_up.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/model/layer_kind.h"

static const double byte_range = 255.0;
/* A BatchNormalization that makes less of its input than this takes no [0, 1], whose deviation is
 * at most 1/2. */
static const double makes_small = 0.5;

/* Whether the model's first layers scale what it takes, and say so: of BatchNormalization, which
 * learns, images may be given as [0, 1] all the same. */
static int scales_input(const md_keras_model *model, const md_keras_affine *a)
{
    const int table = model->spec.rows == 1 && model->step_count > 0;
    double least = INFINITY;
    for (size_t i = 0; i < a->count; i++)
        least = fmin(least, fabs(a->scale[i]));
    for (int i = 0; i < model->step_count; i++)
        if (model->steps[i].weighted == 0 && !model->steps[i].behind &&
            model->steps[i].kind != MD_KERAS_BATCH_NORMALIZATION && !md_keras_is_identity(a))
            return 1;
    return table || least < makes_small;
}

/* v, v / 255 or (v - mean) / deviation; 0: none of them is what is made of the data's features.
 * Behind pooling all are to be scaled alike, as it then does not matter where. */
static int has_word(const md_keras_model *model, const md_keras_affine *a, md_scale_kind *kind)
{
    const md_shape input = md_model_spec_input(&model->spec);
    int none = 1, unit = 1;
    if (md_shape_size(&input) != a->count && !md_keras_is_uniform(a))
        return 0;
    for (size_t i = 0; i < a->count; i++) {
        const int offset = fabs(a->offset[i]) > 0.0;
        const double inverse = 1.0 / a->scale[i], variance = inverse * inverse;
        if (!(a->scale[i] > 0.0) || !((float)variance > 0.0f) || !isfinite((float)variance) ||
            !isfinite((float)(-a->offset[i] * inverse)))
            return 0;
        none &= !offset && !(fabs(a->scale[i] - 1.0) > 0.0);
        unit &= !offset && fabs(byte_range * a->scale[i] - 1.0) <= (double)FLT_EPSILON / 2;
    }
    *kind = none ? MD_SCALE_NONE : unit ? MD_SCALE_UNIT : MD_SCALE_STANDARDIZE;
    return 1;
}

/* The scale that `a` is. */
static md_status keep(md_h5 *f, const md_keras_model *model, const md_keras_affine *a,
                      md_scale *out)
{
    const md_shape input = md_model_spec_input(&model->spec);
    if (out->kind != MD_SCALE_STANDARDIZE)
        return MD_OK;
    out->features = md_shape_size(&input);
    f->status = md_allocate((void **)&out->mean, out->features, sizeof(float), "a scale", f->err);
    if (!f->status)
        f->status =
            md_allocate((void **)&out->variance, out->features, sizeof(float), "a scale", f->err);
    for (size_t i = 0; i < out->features && !f->status; i++) {
        const size_t k = i % a->count;
        out->mean[i] = (float)(-a->offset[k] / a->scale[k]);
        out->variance[i] = (float)(1.0 / (a->scale[k] * a->scale[k]));
    }
    return f->status;
}

/* Mean and deviation as values in [0, 1] have them. */
static int fits_unit(const md_scale *scale)
{
    for (size_t i = 0; i < scale->features; i++)
        if (scale->mean[i] < 0.0f || scale->mean[i] > 1.0f || scale->variance[i] > 0.25f)
            return 0;
    return scale->features > 0;
}

/* Of images whose pixels are all scaled alike it is bytes that are; else Normalization tells no
 * more than whether it was values in [0, 1]. */
static void keep_range(const md_keras_model *model, const md_keras_affine *a, md_scale *out)
{
    if (fits_unit(out))
        out->most = 1.0f;
    else if (out->kind == MD_SCALE_UNIT || (model->spec.rows > 1 && md_keras_is_uniform(a)))
        out->most = (float)byte_range;
}

/* What comes before the first weights: of raw values, what our data are scaled by, or else, as of
 * [0, 1], more for the weights to take up. */
static md_status take_pixels(md_h5 *f, const md_keras_model *model, md_keras_pixels *pixels,
                             md_scale *scale, const md_keras_affine *a, int *kept)
{
    *kept = 0;
    if (*pixels == MD_KERAS_PIXELS_AUTO)
        *pixels = model->takes_bytes || scales_input(model, a) ? MD_KERAS_PIXELS_RAW
                                                               : MD_KERAS_PIXELS_UNIT;
    if (*pixels != MD_KERAS_PIXELS_RAW)
        return MD_OK;
    *scale = (md_scale){.kind = MD_SCALE_NONE};
    *kept = has_word(model, a, &scale->kind);
    if (!keep(f, model, a, scale))
        keep_range(model, a, scale);
    return f->status;
}

/* What scales a layer's output scales its weights by column. */
static md_status take_up_outputs(md_h5 *f, const md_keras_affine *a, const md_tensor *kernel,
                                 float *parameters)
{
    float *weights = parameters + kernel[0].offset, *bias = parameters + kernel[1].offset;
    for (size_t i = 0; i < kernel[0].count; i++)
        weights[i] = (float)((double)weights[i] * a->scale[i % a->count]);
    for (size_t j = 0; j < a->count; j++) {
        bias[j] = (float)((double)bias[j] * a->scale[j] + a->offset[j]);
        if (!isfinite(bias[j]))
            return md_h5_fail(f, "a bias grows beyond all numbers when its layer takes up the one "
                                 "behind it");
    }
    return MD_OK;
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

/* Whether pooling between a step and the layer that takes it up changes nothing: channels scaled
 * alike everywhere, and, for the largest values, not turned round. */
static int passes_pooling(const folding *g, const md_keras_step *step, int layer,
                          const md_keras_affine *a)
{
    const size_t channels = step->shape.extent[step->shape.rank - 1];
    int pooled = 0, largest = 0;
    for (int i = step->layer; i < layer; i++) {
        const md_layer_kind kind = g->model->spec.layers[i].kind;
        const md_shape *shape = &g->layout.shapes[i];
        if (md_layer_describe(kind)->takes != MD_TAKES_IMAGES)
            continue;
        if (shape->extent[shape->rank - 1] != channels)
            return 0;
        pooled = 1;
        largest |= kind == MD_LAYER_MAX_POOL2D;
    }
    if (pooled && md_keras_step_axes(step) != 1u << (step->shape.rank - 1))
        return 0;
    for (size_t i = 0; largest && i < a->count; i++)
        if (a->scale[i] < 0.0)
            return 0;
    return pooled || md_shape_size(&step->shape) == a->count;
}

/* All steps that layer `layer`, number `weighted` of those with weights, takes up on one side. */
static md_status compose(folding *g, int layer, int weighted, int behind, md_keras_affine *a)
{
    md_h5 *f = g->f;
    for (int i = 0; i < g->model->step_count && !f->status; i++) {
        const md_keras_step *step = &g->model->steps[i];
        if (step->weighted != weighted || step->behind != behind)
            continue;
        md_keras_step_apply(f, step, &g->weights->steps[i], a);
        if (!f->status && !behind && !passes_pooling(g, step, layer, a))
            return md_h5_fail(f,
                              "layer '%.60s' cannot be taken up by the next layer with weights: "
                              "what lies between changes its shape, or pools what it turns round",
                              step->name);
        g->changed |= step->kind == MD_KERAS_BATCH_NORMALIZATION;
    }
    return f->status;
}

static md_status fold_inputs(folding *g, int layer, int weighted, const md_tensor *kernel)
{
    md_h5 *f = g->f;
    md_keras_affine a;
    int kept = 0;
    f->status = md_keras_affine_create(md_shape_size(&g->layout.shapes[layer]), &a, f->err);
    if (!f->status)
        compose(g, layer, weighted, 0, &a);
    if (!f->status && weighted == 0)
        take_pixels(f, g->model, g->pixels, g->scale, &a, &kept);
    if (!f->status && !kept && !md_keras_is_identity(&a)) {
        g->changed = 1;
        md_h5_fail_with(
            f, md_keras_take_up(&a, &g->model->spec.layers[layer], kernel, g->parameters, f->err));
    }
    free(a.scale);
    return f->status;
}

static md_status fold_outputs(folding *g, int layer, int weighted, const md_tensor *kernel)
{
    md_keras_affine a;
    g->f->status = md_keras_affine_create(md_tensor_row(kernel), &a, g->f->err);
    if (!g->f->status && !compose(g, layer, weighted, 1, &a) && !md_keras_is_identity(&a))
        take_up_outputs(g->f, &a, kernel, g->parameters);
    free(a.scale);
    return g->f->status;
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
        if (g.layout.first[i + 1] > g.layout.first[i]) {
            const md_tensor *kernel = &g.layout.tensors[g.layout.first[i]];
            if (!fold_inputs(&g, i, weighted, kernel))
                fold_outputs(&g, i, weighted, kernel);
            weighted++;
        }
    *changed = g.changed;
    return f->status;
}
