#include "mnist_dist/model/window.h"

#include <string.h>

_Static_assert(sizeof(md_window_layer) <= sizeof((md_layer_spec *)0)->own,
               "a kind's own members must fit the room for them");

const char *const md_padding_words[] = {"valid", "same", NULL};

md_window_layer md_window_layer_of(const md_layer_spec *layer)
{
    md_window_layer own;
    memcpy(&own, layer->own, sizeof own);
    return own;
}

void md_window_layer_set(md_layer_spec *layer, const md_window_layer *own)
{
    memcpy(layer->own, own, sizeof *own);
}

/* As TensorFlow and Keras do. */
static void slide_one_way(const md_window *window, size_t in, size_t *out, size_t *before)
{
    const size_t size = (size_t)window->size, stride = (size_t)window->stride;
    *before = 0;
    if (window->padding == MD_PADDING_VALID) {
        *out = in < size ? 0 : (in - size) / stride + 1;
        return;
    }
    *out = (in + stride - 1) / stride;
    const size_t reach = *out > 0 ? (*out - 1) * stride + size : 0;
    *before = reach > in ? (reach - in) / 2 : 0;
}

md_sliding md_window_slide(const md_window *window, const md_shape *in)
{
    md_sliding s = {.in = {in->extent[0], in->extent[1]},
                    .channels = in->extent[2],
                    .size = (size_t)window->size,
                    .stride = (size_t)window->stride};
    for (int i = 0; i < 2; i++)
        slide_one_way(window, s.in[i], &s.out[i], &s.before[i]);
    return s;
}

void md_window_pooled_shape(const md_layer_spec *layer, const md_shape *in, md_shape *out)
{
    const md_window_layer own = md_window_layer_of(layer);
    const md_sliding s = md_window_slide(&own.window, in);
    *out = (md_shape){3, {s.out[0], s.out[1], s.channels}};
}
