/* Of layers whose windows slide over images. Local; internal to nn. */
#ifndef MNIST_DIST_NN_WINDOWS_H
#define MNIST_DIST_NN_WINDOWS_H

#include "layer.h"

static inline md_sliding md_windows_of(const md_layer *layer)
{
    const md_window_layer own = md_window_layer_of(layer->spec);
    return md_window_slide(&own.window, layer->in_shape);
}

/* For twins. Where row within[0], column within[1] of a window is among the image's pixels; 0 when
 * it is beyond it. */
static inline int md_window_pixel(const md_sliding *w, const size_t window[2],
                                  const size_t within[2], size_t *pixel)
{
    size_t at[2];
    for (int way = 0; way < 2; way++) {
        const size_t place = window[way] * w->stride + within[way];
        if (place < w->before[way] || place - w->before[way] >= w->in[way])
            return 0;
        at[way] = place - w->before[way];
    }
    *pixel = at[0] * w->in[1] + at[1];
    return 1;
}

/* The twin of a pooling layer: what `pool` makes of each window, channel by channel. */
static inline void md_pool_twin(const md_layer *layer, const double *x, double *y,
                                double (*pool)(const md_sliding *w, const size_t window[2],
                                               size_t channel, const double *x))
{
    const md_sliding w = md_windows_of(layer);
    size_t window[2];
    for (window[0] = 0; window[0] < w.out[0]; window[0]++)
        for (window[1] = 0; window[1] < w.out[1]; window[1]++)
            for (size_t channel = 0; channel < w.channels; channel++)
                *y++ = pool(&w, window, channel, x);
}

#endif
