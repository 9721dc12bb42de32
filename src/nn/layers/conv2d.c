/* y = f(x * W + b), image by image over one kernel of the table, convolve: forward its rows are the
 * image's windows, for the weights' gradient the weights, for the input's gradient windows of dy
 * with zeros between and around, under the kernel turned round. */
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "mnist_dist/base/memory.h"
#include "windows.h"

enum { KERNEL, BIAS }; /* in the order of its descriptor */

typedef struct conv2d {
    md_sliding windows;
    size_t filters, taps;  /* taps: rows of the kernel, size x size x channels */
    size_t pitch[2];       /* rows and columns of an image with its border */
    float *image;          /* such an image; NULL: windows lie in x itself */
    size_t *window;        /* [windows]: where each begins in the image */
    size_t *tap;           /* [taps]: where each is in a window */
    float *weights, *bias; /* rows filled up with zeros; weights NULL if they are full */
    float *narrow;         /* one image's dy likewise; NULL if its rows are full */
    /* If the layer propagates: */
    size_t spread_pitch; /* columns of dy with zeros between and around, */
    float *spread;       /* which lie there for good */
    size_t *source;      /* [pixels of x]: the window of each in it */
    float *turned;       /* [size][size][filters][channels, filled up] */
} conv2d;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t windows_in(const conv2d *c)
{
    return c->windows.out[0] * c->windows.out[1];
}

/* places[rows][columns]: every `stride` pixels of an image of so many columns. */
static void lay_grid(size_t *places, const size_t extent[2], size_t columns, size_t stride,
                     size_t channels)
{
    for (size_t i = 0; i < extent[0]; i++)
        for (size_t j = 0; j < extent[1]; j++)
            places[i * extent[1] + j] = (i * columns + j) * stride * channels;
}

static void lay_taps(conv2d *c)
{
    const md_sliding *w = &c->windows;
    size_t *tap = c->tap;
    for (size_t i = 0; i < w->size; i++)
        for (size_t j = 0; j < w->size; j++)
            for (size_t k = 0; k < w->channels; k++)
                *tap++ = (i * c->pitch[1] + j) * w->channels + k;
}

static md_status make_forward(conv2d *c, md_error *err)
{
    const md_sliding *w = &c->windows;
    const size_t row = md_convolve_row(c->filters);
    const char *what = "a convolution";
    md_status status =
        md_allocate((void **)&c->window, windows_in(c), sizeof *c->window, what, err);
    if (!status)
        status = md_allocate((void **)&c->tap, c->taps, sizeof *c->tap, what, err);
    if (!status)
        status = md_allocate((void **)&c->bias, row, sizeof *c->bias, what, err);
    if (!status && row != c->filters)
        status = md_allocate((void **)&c->weights, c->taps * row, sizeof *c->weights, what, err);
    if (!status && row != c->filters)
        status =
            md_allocate((void **)&c->narrow, windows_in(c) * row, sizeof *c->narrow, what, err);
    if (!status && (c->pitch[0] > w->in[0] || c->pitch[1] > w->in[1]))
        status = md_allocate((void **)&c->image, c->pitch[0] * c->pitch[1] * w->channels,
                             sizeof *c->image, what, err);
    return status;
}

static md_status make_backward(conv2d *c, md_error *err)
{
    const md_sliding *w = &c->windows;
    const size_t spread = (w->in[0] + w->size - 1) * c->spread_pitch * c->filters;
    const size_t turned = w->size * w->size * c->filters * md_convolve_row(w->channels);
    const char *what = "a convolution's gradient";
    md_status status = md_allocate((void **)&c->spread, spread, sizeof *c->spread, what, err);
    if (!status)
        status =
            md_allocate((void **)&c->source, w->in[0] * w->in[1], sizeof *c->source, what, err);
    if (!status)
        status = md_allocate((void **)&c->turned, turned, sizeof *c->turned, what, err);
    return status;
}

static md_status create(md_layer *layer, const md_kernels *kernels, size_t max_samples,
                        md_error *err)
{
    (void)kernels;
    (void)max_samples;
    md_status status = md_allocate(&layer->state, 1, sizeof(conv2d), "a convolution", err);
    if (status)
        return status;
    conv2d *c = layer->state;
    const md_sliding w = md_windows_of(layer);
    *c = (conv2d){.windows = w,
                  .filters = md_tensor_row(&layer->tensors[KERNEL]),
                  .taps = w.size * w.size * w.channels,
                  .spread_pitch = w.in[1] + w.size - 1};
    for (int way = 0; way < 2; way++)
        c->pitch[way] = larger(w.before[way] + w.in[way], (w.out[way] - 1) * w.stride + w.size);
    status = make_forward(c, err);
    if (!status && layer->propagates)
        status = make_backward(c, err);
    if (status)
        return status;
    lay_grid(c->window, w.out, c->pitch[1], w.stride, w.channels);
    lay_taps(c);
    if (layer->propagates)
        lay_grid(c->source, w.in, c->spread_pitch, 1, c->filters);
    return MD_OK;
}

static void destroy(md_layer *layer)
{
    conv2d *c = layer->state;
    if (!c)
        return;
    free(c->image);
    free(c->window);
    free(c->tap);
    free(c->weights);
    free(c->bias);
    free(c->narrow);
    free(c->spread);
    free(c->source);
    free(c->turned);
    free(c);
}

/* Rows with zeros at their end, in `wide` unless they need none. */
static const float *fill_up(const float *x, size_t rows, size_t columns, float *wide)
{
    if (!wide)
        return x;
    for (size_t i = 0; i < rows; i++)
        memcpy(wide + i * md_convolve_row(columns), x + i * columns, columns * sizeof *x);
    return wide;
}

/* One image as windows see it. */
static const float *with_border(const conv2d *c, const float *x)
{
    const md_sliding *w = &c->windows;
    const size_t row = w->in[1] * w->channels;
    if (!c->image)
        return x;
    for (size_t i = 0; i < w->in[0]; i++)
        memcpy(c->image + ((i + w->before[0]) * c->pitch[1] + w->before[1]) * w->channels,
               x + i * row, row * sizeof *x);
    return c->image;
}

static void forward(md_layer *layer, const md_context *context)
{
    conv2d *c = layer->state;
    const md_sliding *w = &c->windows;
    const md_activation activation = layer->spec->activation;
    const float *x = md_inputs_of(layer, context);
    float *y = md_rows_of(layer->y, context, layer->out);
    const float *weights = context->parameters + layer->tensors[KERNEL].offset;
    memcpy(c->bias, context->parameters + layer->tensors[BIAS].offset,
           c->filters * sizeof *c->bias);
    md_convolution p = {.rows = windows_in(c),
                        .columns = c->filters,
                        .segments = w->size,
                        .depth = w->size * w->channels,
                        .place = c->window,
                        .a_segment = c->pitch[1] * w->channels,
                        .a_step = 1,
                        .b = fill_up(weights, c->taps, c->filters, c->weights),
                        .start = c->bias,
                        .relu = activation == MD_RELU};
    for (size_t i = 0; i < context->batch->samples; i++) {
        p.a = with_border(c, x + i * layer->in);
        p.c = y + i * layer->out;
        context->kernels->convolve(&p);
    }
    if (!p.relu)
        md_activation_apply(context->kernels, activation, y, context->batch->samples * layer->out);
}

/* turned[i][j][filter][channel] = kernel[size - 1 - i][size - 1 - j][channel][filter] */
static void turn_kernel(const conv2d *c, const float *kernel)
{
    const size_t channels = c->windows.channels, row = md_convolve_row(channels);
    const size_t windows = c->windows.size * c->windows.size;
    for (size_t t = 0; t < windows; t++) {
        const float *from = kernel + (windows - 1 - t) * channels * c->filters;
        float *to = c->turned + t * c->filters * row;
        for (size_t k = 0; k < channels; k++)
            for (size_t j = 0; j < c->filters; j++)
                to[j * row + k] = from[k * c->filters + j];
    }
}

/* Puts one image's dy where the windows of x's pixels look for it. */
static void spread_gradient(const conv2d *c, const float *dy)
{
    const md_sliding *w = &c->windows;
    const size_t top = w->size - 1 - w->before[0], left = w->size - 1 - w->before[1];
    for (size_t i = 0; i < w->out[0]; i++)
        for (size_t j = 0; j < w->out[1]; j++, dy += c->filters) {
            const size_t row = top + i * w->stride, column = left + j * w->stride;
            memcpy(c->spread + (row * c->spread_pitch + column) * c->filters, dy,
                   c->filters * sizeof *dy);
        }
}

static void backward(md_layer *layer, const md_context *context)
{
    const conv2d *c = layer->state;
    const md_sliding *w = &c->windows;
    const float *y = md_rows_of(layer->y, context, layer->out);
    float *dy = md_rows_of(layer->dy, context, layer->out);
    float *dx = md_rows_of(layer->dx, context, layer->in);
    md_convolution p = {.rows = w->in[0] * w->in[1],
                        .columns = w->channels,
                        .segments = w->size,
                        .depth = w->size * c->filters,
                        .a = c->spread,
                        .place = c->source,
                        .a_segment = c->spread_pitch * c->filters,
                        .a_step = 1,
                        .b = c->turned};
    if (dx)
        turn_kernel(c, context->parameters + layer->tensors[KERNEL].offset);
    for (size_t i = 0; i < context->batch->samples; i++) {
        md_activation_gradient(context->kernels, layer->spec->activation, y + i * layer->out,
                               dy + i * layer->out, layer->out);
        if (!dx)
            continue;
        spread_gradient(c, dy + i * layer->out);
        p.c = dx + i * layer->in;
        context->kernels->convolve(&p);
    }
}

static void weight_gradient(md_layer *layer, const md_context *context, int tensor, size_t first,
                            size_t rows, float *gradient)
{
    const conv2d *c = layer->state;
    const md_sliding *w = &c->windows;
    const size_t samples = context->batch->samples;
    const float *x = md_inputs_of(layer, context);
    const float *dy = md_rows_of(layer->dy, context, layer->out);
    if (tensor == BIAS) {
        context->kernels->column_sum(dy, samples * windows_in(c), c->filters, gradient);
        return;
    }
    md_convolution p = {.rows = rows,
                        .columns = c->filters,
                        .segments = w->out[0],
                        .depth = w->out[1],
                        .place = c->tap + first,
                        .a_segment = w->stride * c->pitch[1] * w->channels,
                        .a_step = w->stride * w->channels,
                        .c = gradient};
    for (size_t i = 0; i < samples; i++) {
        p.a = with_border(c, x + i * layer->in);
        p.b = fill_up(dy + i * layer->out, windows_in(c), c->filters, c->narrow);
        p.add = i > 0;
        context->kernels->convolve(&p);
    }
}

/* One window's values before the activation. */
static void add_window(const md_sliding *w, const size_t window[2], size_t filters,
                       const double *kernel, const double *x, double *y)
{
    size_t within[2], pixel;
    for (within[0] = 0; within[0] < w->size; within[0]++)
        for (within[1] = 0; within[1] < w->size; within[1]++) {
            if (!md_window_pixel(w, window, within, &pixel))
                continue;
            const double *tap = kernel + (within[0] * w->size + within[1]) * w->channels * filters;
            for (size_t k = 0; k < w->channels; k++)
                for (size_t j = 0; j < filters; j++)
                    y[j] += x[pixel * w->channels + k] * tap[k * filters + j];
        }
}

static void twin(const md_layer *layer, const md_context *context, const double *weights,
                 const double *x, double *y)
{
    (void)context;
    const md_sliding w = md_windows_of(layer);
    const size_t filters = layer->out_shape->extent[2];
    const double *bias = weights + layer->tensors[KERNEL].count;
    size_t window[2];
    for (window[0] = 0; window[0] < w.out[0]; window[0]++)
        for (window[1] = 0; window[1] < w.out[1]; window[1]++, y += filters) {
            memcpy(y, bias, filters * sizeof *y);
            add_window(&w, window, filters, weights, x, y);
            for (size_t j = 0; j < filters; j++)
                y[j] = md_activation_twin(layer->spec->activation, y[j]);
        }
}

const md_layer_ops md_layer_ops_conv2d = {.has_output = 1,
                                          .has_gradient = 1,
                                          .create = create,
                                          .destroy = destroy,
                                          .forward = forward,
                                          .backward = backward,
                                          .weight_gradient = weight_gradient,
                                          .twin = twin};
