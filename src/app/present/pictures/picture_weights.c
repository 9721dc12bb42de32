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

/* The kernel as images, one a unit: a dense one [inputs, units] in the shape of the input, or one
 * [rows, columns, channels, filters] by its first channel. 0 when it is neither. */
static int lay_out(const md_model_spec *spec, const md_tensor *kernel, md_mosaic *m)
{
    m->rows = (size_t)spec->rows;
    m->columns = (size_t)spec->columns;
    m->stride = m->count = kernel->shape[kernel->rank - 1];
    if (kernel->rank == 4) {
        m->rows = kernel->shape[0];
        m->columns = kernel->shape[1];
        m->stride *= kernel->shape[2];
    }
    return m->rows * m->columns * m->stride == kernel->count;
}

static md_status draw(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_checkpoint *c = subject->checkpoint;
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    const md_tensor *kernel = &layout.tensors[0];
    const float *weights = c->parameters + kernel->offset;
    const char *name = c->model.layers[kernel->layer].name;
    md_tile tiles[MAX_UNITS] = {{0}};
    char title[128];
    md_mosaic mosaic = {
        .title = title, .tiles = tiles, .range = colour_range(weights, kernel->count)};
    if (!lay_out(&c->model, kernel, &mosaic))
        return md_fail(err, MD_FAILED, "%s: the weights of %s are no images", subject->name, name);
    mosaic.count = mosaic.count < MAX_UNITS ? mosaic.count : MAX_UNITS;
    mosaic.across = (size_t)ceil(sqrt(2 * (double)mosaic.count));
    for (size_t i = 0; i < mosaic.count; i++)
        tiles[i].image = weights + i;
    snprintf(title, sizeof title, "First layer (%s): input weights of %zu units", name,
             mosaic.count);
    return md_mosaic_draw(&mosaic, path, err);
}

const md_picture_kind md_picture_weights = {.help = "of the first layer", .draw = draw};
