#include <math.h>

#include "picture_kind.h"
#include "present/mosaic.h"

enum { MAX_UNITS = 256 };

/* Four standard deviations: the few weights beyond are shown as strong as that, and the rest are
 * not drowned by them. */
static double colour_range(const float *values, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)values[i] * (double)values[i];
    return squares > 0 ? 4 * sqrt(squares / (double)count) : 1;
}

static md_status draw(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_checkpoint *c = subject->checkpoint;
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    const md_tensor *kernel = &layout.tensors[0];
    size_t units = kernel->shape[1] < MAX_UNITS ? kernel->shape[1] : MAX_UNITS;
    const float *weights = c->parameters + kernel->offset;
    md_tile tiles[MAX_UNITS] = {{0}};
    char title[128];
    for (size_t i = 0; i < units; i++)
        tiles[i].image = weights + i;
    snprintf(title, sizeof title, "First layer (%s): input weights of %zu units",
             c->model.layers[kernel->layer].name, units);
    const md_mosaic mosaic = {.title = title,
                              .rows = (size_t)c->model.rows,
                              .columns = (size_t)c->model.columns,
                              .count = units,
                              .across = (size_t)ceil(sqrt(2 * (double)units)),
                              .tiles = tiles,
                              .stride = kernel->shape[1],
                              .range = colour_range(weights, kernel->count)};
    return md_mosaic_draw(&mosaic, path, err);
}

const md_picture_kind md_picture_weights = {.help = "of the first layer", .draw = draw};
