#include "figures.h"

#include <math.h>

#include "answers.h"
#include "confusion.h"
#include "mosaic.h"

enum { GRID_ACROSS = 8, GRID_TILES = 40, GRID_WRONG = 32, MAX_UNITS = 256 };

md_status md_figure_image(const md_figure *figure, const char *path, md_error *err)
{
    const md_tile tile = {.image = figure->pixels};
    const md_mosaic mosaic = {.title = figure->title,
                              .red = figure->wrong,
                              .rows = figure->rows,
                              .columns = figure->columns,
                              .count = 1,
                              .across = 1,
                              .tiles = &tile,
                              .stride = 1};
    return md_mosaic_draw(&mosaic, path, err);
}

static md_tile tile_of(const md_predictions *p, size_t image)
{
    int says = p->predicted[image], is = p->labels[image];
    md_tile tile = {.image = p->images + image * p->rows * p->columns, .red = says != is};
    if (says != is)
        snprintf(tile.caption, sizeof tile.caption, "says %d, is %d", says, is);
    else
        snprintf(tile.caption, sizeof tile.caption, "says %d", says);
    return tile;
}

/* Some wrong ones, then right ones in file order. */
static size_t choose_tiles(const md_predictions *p, const md_answers *answers,
                           md_tile tiles[GRID_TILES])
{
    size_t count = 0;
    for (size_t i = 0; i < answers->wrong && count < GRID_WRONG; i++)
        tiles[count++] = tile_of(p, answers->mistakes[i]);
    for (size_t i = 0; i < p->count && count < GRID_TILES; i++)
        if (p->predicted[i] == p->labels[i])
            tiles[count++] = tile_of(p, i);
    return count;
}

md_status md_figure_grid(const md_predictions *p, const char *path, md_error *err)
{
    md_answers answers;
    md_status status = md_answers_count(p, &answers, err);
    if (status)
        return status;
    md_tile tiles[GRID_TILES];
    char title[128];
    snprintf(title, sizeof title, "Answers to %zu test images: %zu wrong, the surest of them first",
             p->count, answers.wrong);
    const md_mosaic mosaic = {.title = title,
                              .rows = p->rows,
                              .columns = p->columns,
                              .count = choose_tiles(p, &answers, tiles),
                              .across = GRID_ACROSS,
                              .tiles = tiles,
                              .stride = 1};
    status = md_mosaic_draw(&mosaic, path, err);
    md_answers_clear(&answers);
    return status;
}

md_status md_figure_confusion(const md_predictions *p, const char *path, md_error *err)
{
    md_answers answers;
    md_status status = md_answers_count(p, &answers, err);
    if (status)
        return status;
    const md_confusion confusion = {p->classes, answers.confusions};
    char title[128];
    snprintf(title, sizeof title, "%zu test images, accuracy %.4f", p->count,
             (double)answers.right / (double)p->count);
    if (path)
        status = md_confusion_draw(&confusion, title, path, err);
    else {
        printf("%s\n", title);
        md_confusion_print(&confusion, stdout);
    }
    md_answers_clear(&answers);
    return status;
}

/* Four standard deviations: the few weights beyond are shown as strong as that, and the rest are
 * not drowned by them. */
static double colour_range(const float *values, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)values[i] * (double)values[i];
    return squares > 0 ? 4 * sqrt(squares / (double)count) : 1;
}

md_status md_figure_weights(const md_checkpoint *c, const char *path, md_error *err)
{
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
