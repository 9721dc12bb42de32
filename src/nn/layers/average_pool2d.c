/* The mean of each window, over what of it lies in the image. */
#include "windows.h"

static void forward(md_layer *layer, const md_context *context)
{
    const md_sliding windows = md_windows_of(layer);
    const float *x = md_inputs_of(layer, context);
    float *y = md_rows_of(layer->y, context, layer->out);
    for (size_t i = 0; i < context->batch->samples; i++)
        context->kernels->mean_pool(&windows, x + i * layer->in, y + i * layer->out);
}

static void backward(md_layer *layer, const md_context *context)
{
    const md_sliding windows = md_windows_of(layer);
    const float *dy = md_rows_of(layer->dy, context, layer->out);
    float *dx = md_rows_of(layer->dx, context, layer->in);
    for (size_t i = 0; dx && i < context->batch->samples; i++)
        context->kernels->mean_pool_gradient(&windows, dy + i * layer->out, dx + i * layer->in);
}

static double mean(const md_sliding *w, const size_t window[2], size_t channel, const double *x)
{
    double sum = 0.0, count = 0.0;
    size_t within[2], pixel;
    for (within[0] = 0; within[0] < w->size; within[0]++)
        for (within[1] = 0; within[1] < w->size; within[1]++)
            if (md_window_pixel(w, window, within, &pixel)) {
                sum += x[pixel * w->channels + channel];
                count += 1.0;
            }
    return sum / count;
}

static void twin(const md_layer *layer, const md_context *context, const double *weights,
                 const double *x, double *y)
{
    (void)context;
    (void)weights;
    md_pool_twin(layer, x, y, mean);
}

const md_layer_ops md_layer_ops_average_pool2d = {
    .has_output = 1, .has_gradient = 1, .forward = forward, .backward = backward, .twin = twin};
