/* Layers that scale what a dense layer takes or gives, kept as the data's scale, or taken up by its
 * weights:
 *
 *     f((scale x + offset) W + b) = f(x (scale W) + (b + offset W))
 *     f(scale (x W + b) + offset) = f(x (W scale) + (scale b + offset))
 *
 * and so by a convolution's, if all pixels of a channel are scaled alike, and none that are not
 * there would have to be the offset. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "keras_step.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/model/window.h"

static const double byte_range = 255.0;
/* What makes less of its input than this takes bytes: for [0, 1] a deviation is at most 1/2. */
static const double makes_small = 1.0 / 16;

static md_status start(md_h5 *f, size_t count, md_keras_affine *a)
{
    void *block = NULL;
    *a = (md_keras_affine){.count = count};
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
static md_keras_pixels guess_pixels(const md_keras_model *model, const md_keras_affine *a)
{
    double least = INFINITY;
    for (size_t i = 0; i < a->count; i++)
        least = fmin(least, fabs(a->scale[i]));
    const int table = model->spec.rows == 1 && model->step_count > 0;
    return model->takes_bytes || table || least < makes_small ? MD_KERAS_PIXELS_RAW
                                                              : MD_KERAS_PIXELS_UNIT;
}

/* v, v / 255 or (v - mean) / deviation; 0: none of them is what is made of the data's features. */
static int has_word(const md_keras_model *model, const md_keras_affine *a, md_scale_kind *kind)
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
static md_status keep(md_h5 *f, md_scale_kind kind, const md_keras_affine *a, md_scale *out)
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

/* Of images whose pixels are all scaled alike it is bytes that are; Normalization says nothing. */
static void keep_range(const md_keras_model *model, const md_keras_affine *a, md_scale *out)
{
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->scale[i], a->scale[0]) || !same(a->offset[i], a->offset[0]))
            return;
    if (model->spec.rows > 1 && out->kind != MD_SCALE_UNIT)
        out->most = (float)byte_range;
}

/* What comes before the first weights: of raw values, what our data are scaled by, or else more
 * for the weights to take up, since pixels of ours are bytes / 255. */
static md_status take_pixels(md_h5 *f, const md_keras_model *model, md_keras_pixels *pixels,
                             md_scale *scale, md_keras_affine *a, int *kept)
{
    md_scale_kind kind;
    *kept = 0;
    if (*pixels == MD_KERAS_PIXELS_AUTO)
        *pixels = guess_pixels(model, a);
    if (*pixels != MD_KERAS_PIXELS_RAW)
        return MD_OK;
    *kept = scale && has_word(model, a, &kind);
    if (*kept && !keep(f, kind, a, scale))
        keep_range(model, a, scale);
    if (*kept)
        return f->status;
    for (size_t i = 0; i < a->count; i++)
        a->scale[i] *= byte_range;
    return MD_OK;
}

static int is_identity(const md_keras_affine *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (fabs(a->scale[i] - 1.0) > (double)FLT_EPSILON / 2 || a->offset[i] > 0.0 ||
            a->offset[i] < 0.0)
            return 0;
    return 1;
}

static md_status take_up(md_h5 *f, const md_keras_affine *a, const md_tensor *kernel,
                         float *parameters)
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
static int suits_windows(const md_keras_affine *a, size_t channels, int padded)
{
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->scale[i], a->scale[i % channels]) ||
            !same(a->offset[i], padded ? 0.0 : a->offset[i % channels]))
            return 0;
    return 1;
}

/* A convolution's kernel, [rows][columns][channels][filters], over `a` for each channel. */
static md_status take_up_windows(md_h5 *f, const md_keras_affine *a, const md_layer_spec *layer,
                                 const md_tensor *kernel, float *parameters)
{
    const size_t channels = kernel->shape[2];
    const md_keras_affine each = {channels, a->scale, a->offset};
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
    start(f, md_shape_size(&g->layout.shapes[layer]), &a);
    if (!f->status)
        compose(g, layer, weighted, 0, &a);
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

static md_status fold_outputs(folding *g, int layer, int weighted, const md_tensor *kernel)
{
    md_keras_affine a;
    start(g->f, md_tensor_row(kernel), &a);
    if (!g->f->status && !compose(g, layer, weighted, 1, &a) && !is_identity(&a))
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
