/* Pictures of what a model does: its answers to test images, its confusions, its first layer.
 * Local. */
#ifndef MNIST_DIST_APP_FIGURES_H
#define MNIST_DIST_APP_FIGURES_H

#include "cli/inputs.h"

/* One image, 255 being ink; the title is red when `wrong`. */
typedef struct md_figure {
    const uint8_t *pixels;
    size_t rows, columns;
    const char *title;
    int wrong;
} md_figure;
md_status md_figure_image(const md_figure *figure, const char *path, md_error *err);

/* Test images with the model's answers, the surest of the wrong ones first. */
md_status md_figure_grid(const md_predictions *predictions, const char *path, md_error *err);

/* As a picture, or as text to stdout when path is NULL. */
md_status md_figure_confusion(const md_predictions *predictions, const char *path, md_error *err);

/* The first dense layer's kernel, an image per unit. */
md_status md_figure_weights(const md_checkpoint *checkpoint, const char *path, md_error *err);

#endif
