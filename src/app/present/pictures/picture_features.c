#include <math.h>

#include "mnist_dist/base/larger.h"
#include "picture_kind.h"
#include "present/mosaic.h"

enum { MOST_MAPS = 256 };

/* The first layer with weights whose outputs are images; -1: there is none. */
static int find_layer(const md_layout *layout, int layers)
{
    for (int i = 0; i < layers; i++)
        if (layout->first[i + 1] > layout->first[i] && layout->shapes[i + 1].rank == 3)
            return i;
    return -1;
}

static double largest(const float *values, size_t count)
{
    double top = 0.0;
    for (size_t i = 0; i < count; i++)
        top = md_larger(top, fabs((double)values[i]));
    return top > 0.0 ? top : 1.0;
}

/* maps[rows][columns][channels], one tile a channel. */
static md_status draw_maps(const float *maps, const md_shape *shape, const char *title,
                           const char *path, md_error *err)
{
    md_tile tiles[MOST_MAPS] = {{0}};
    const size_t channels = shape->extent[2];
    md_mosaic mosaic = {.title = title,
                        .rows = shape->extent[0],
                        .columns = shape->extent[1],
                        .count = channels < MOST_MAPS ? channels : MOST_MAPS,
                        .tiles = tiles,
                        .stride = channels,
                        .range = largest(maps, md_shape_size(shape))};
    mosaic.across = (size_t)ceil(sqrt(2 * (double)mosaic.count));
    for (size_t i = 0; i < mosaic.count; i++)
        tiles[i].image = maps + i;
    return md_mosaic_draw(&mosaic, path, err);
}

static md_status draw_image(const md_picture_subject *subject, const md_inference *inference,
                            const md_layout *layout, int layer, const char *path, md_error *err)
{
    const md_predictions *p = subject->predictions;
    const size_t index = (size_t)subject->index;
    const md_shape *shape = &layout->shapes[layer + 1];
    char title[160], taken[32] = "";
    md_infer_block(inference, (md_image_range){p->split, index, 1});
    if (p->predicted)
        snprintf(taken, sizeof taken, ", taken for a %d", (int)p->predicted[index]);
    snprintf(title, sizeof title, "Test image %zu%s: feature maps of layer %s", index, taken,
             subject->checkpoint->model.layers[layer].name);
    return draw_maps(md_model_output(inference->model, layer), shape, title, path, err);
}

static md_status draw(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_checkpoint *c = subject->checkpoint;
    const md_predictions *p = subject->predictions;
    md_layout layout;
    md_inference inference = {0};
    md_model_spec_layout(&c->model, &layout);
    const int layer = find_layer(&layout, c->model.layer_count);
    if (layer < 0)
        return md_fail(err, MD_USAGE,
                       "%s: no layer of this model makes feature maps, as conv2d does",
                       subject->name);
    md_status status = md_check_index(p->dataset, p->split, subject->name, subject->index, err);
    if (!status)
        status =
            md_open_inference(&c->model, c->parameters, p->dataset, subject->name, &inference, err);
    if (!status)
        status = draw_image(subject, &inference, &layout, layer, path, err);
    md_inference_close(&inference);
    return status;
}

const md_picture_kind md_picture_features = {
    .help = "what the first filters make of the test image --index",
    .needs_data = 1,
    .of_one_image = 1,
    .draw = draw};
