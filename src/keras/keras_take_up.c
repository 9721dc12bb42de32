/*     f((scale x + offset) W + b) = f(x (scale W) + (b + offset W))
 *
 * and so for a convolution, if all pixels of a channel are scaled alike, and none that are not
 * there would have to be the offset. */
#include "keras_take_up.h"

#include <float.h>
#include <math.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/model/window.h"

md_status md_keras_affine_create(size_t count, md_keras_affine *a, md_error *err)
{
    void *block = NULL;
    *a = (md_keras_affine){.count = count};
    md_status status = md_allocate(&block, 2 * count, sizeof *a->scale, "a layer's inputs", err);
    if (status)
        return status;
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

int md_keras_is_identity(const md_keras_affine *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (fabs(a->scale[i] - 1.0) > (double)FLT_EPSILON / 2 || !same(a->offset[i], 0.0))
            return 0;
    return 1;
}

int md_keras_is_uniform(const md_keras_affine *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->scale[i], a->scale[0]) || !same(a->offset[i], a->offset[0]))
            return 0;
    return 1;
}

static md_status take_up(const md_keras_affine *a, const md_tensor *kernel, float *parameters,
                         md_error *err)
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
            return md_fail(err, MD_BAD_CHECKPOINT,
                           "a bias grows beyond all numbers when its layer takes up the ones "
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
static md_status take_up_windows(const md_keras_affine *a, const md_layer_spec *layer,
                                 const md_tensor *kernel, float *parameters, md_error *err)
{
    const size_t channels = kernel->shape[2];
    const md_keras_affine each = {channels, a->scale, a->offset};
    const md_window_layer own = md_window_layer_of(layer);
    if (!suits_windows(a, channels, own.window.padding == MD_PADDING_SAME))
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "layer '%.60s' cannot take up what scales its input: pixels are scaled "
                       "differently, or offset where it pads with zeros",
                       layer->name);
    md_status status = MD_OK;
    for (size_t tap = 0; tap < kernel->shape[0] * kernel->shape[1] && !status; tap++) {
        md_tensor part[2] = {kernel[0], kernel[1]};
        part[0].shape[1] = kernel->shape[3];
        part[0].offset += tap * channels * kernel->shape[3];
        status = take_up(&each, part, parameters, err);
    }
    return status;
}

md_status md_keras_take_up(const md_keras_affine *a, const md_layer_spec *layer,
                           const md_tensor *kernel, float *parameters, md_error *err)
{
    return kernel->rank == 2 ? take_up(a, kernel, parameters, err)
                             : take_up_windows(a, layer, kernel, parameters, err);
}
