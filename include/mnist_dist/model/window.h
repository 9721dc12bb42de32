/* Windows that slide over images, as those of convolutions and pooling do: square, over
 * [rows, columns, channels]. Local. */
#ifndef MNIST_DIST_MODEL_WINDOW_H
#define MNIST_DIST_MODEL_WINDOW_H

#include "mnist_dist/model/layer_kind.h"

/* valid: windows lie inside the image. same: there are as many as steps fit in the image, those at
 * its edges reach beyond it, where there is nothing; an odd rest is at the bottom and right. */
typedef enum md_padding { MD_PADDING_VALID, MD_PADDING_SAME } md_padding;

typedef struct md_window {
    int size;   /* rows and columns of a window */
    int stride; /* from one to the next, either way */
    md_padding padding;
} md_window;

/* What a layer of a kind with windows has of its own: md_layer_spec.own. */
typedef struct md_window_layer {
    md_window window;
    int filters; /* a convolution's output channels */
} md_window_layer;

/* Copied, since `own` is memory without a type. */
md_window_layer md_window_layer_of(const md_layer_spec *layer);
/* For specs that are filled by hand. */
void md_window_layer_set(md_layer_spec *layer, const md_window_layer *own);

/* A window's way over images of one shape, by rows [0] and columns [1]. */
typedef struct md_sliding {
    size_t in[2], out[2]; /* out: windows; 0 where none fits */
    size_t before[2];     /* of the first window, beyond the image */
    size_t channels;      /* of the image */
    size_t size, stride;
} md_sliding;

md_sliding md_window_slide(const md_window *window, const md_shape *in);

/* The keys of a window whose size has Keras' name. */
#define MD_WINDOW_KEYS(size_name, size_help, stride_standard)                                      \
    {size_name, MD_KEY_INTEGER, MD_OWN(md_window_layer, window.size),                              \
     .low = 1,  .high = 64,     .help = (size_help)},                                              \
        {"strides",                                                                                \
         MD_KEY_INTEGER,                                                                           \
         MD_OWN(md_window_layer, window.stride),                                                   \
         .low = 1,                                                                                 \
         .high = 64,                                                                               \
         .standard = (stride_standard),                                                            \
         .help = "pixels from one window to the next, either way; pooling has no default"},        \
    {                                                                                              \
        "padding", MD_KEY_CHOICE, MD_OWN(md_window_layer, window.padding),                         \
            .choices = md_padding_words, .standard = "valid",                                      \
            .help =                                                                                \
                "valid: windows stay inside the image; same: they reach beyond, so that strides "  \
                "of 1 keep its size"                                                               \
    }

extern const char *const md_padding_words[];

/* The shape after pooling: as many channels. See md_layer_descriptor. */
void md_window_pooled_shape(const md_layer_spec *layer, const md_shape *in, md_shape *out);

#endif
