#include "figures.h"

#include <math.h>
#include <stdlib.h>

#include "confusion.h"
#include "mnist_dist/util/memory.h"
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

/* A wrong answer and how sure the model was of it. */
typedef struct mistake {
    size_t image;
    float probability;
} mistake;

static int surest_first(const void *a, const void *b)
{
    const mistake *x = a, *y = b;
    if (x->probability != y->probability)
        return x->probability < y->probability ? 1 : -1;
    return x->image > y->image ? 1 : -1;
}

static size_t find_mistakes(const md_predictions *p, mistake *out)
{
    size_t count = 0;
    for (size_t i = 0; i < p->samples.count; i++)
        if (p->predicted[i] != p->samples.labels[i])
            out[count++] = (mistake){i, p->probabilities[i * p->classes + p->predicted[i]]};
    qsort(out, count, sizeof *out, surest_first);
    return count;
}

static md_tile tile_of(const md_predictions *p, size_t image)
{
    int says = p->predicted[image], is = p->samples.labels[image];
    md_tile tile = {.image = p->samples.images + image * p->samples.rows * p->samples.columns,
                    .red = says != is};
    if (says != is)
        snprintf(tile.caption, sizeof tile.caption, "says %d, is %d", says, is);
    else
        snprintf(tile.caption, sizeof tile.caption, "says %d", says);
    return tile;
}

/* Some wrong ones, then right ones in file order. */
static size_t choose_tiles(const md_predictions *p, const mistake *mistakes, size_t wrong,
                           md_tile tiles[GRID_TILES])
{
    size_t count = 0;
    for (size_t i = 0; i < wrong && count < GRID_WRONG; i++)
        tiles[count++] = tile_of(p, mistakes[i].image);
    for (size_t i = 0; i < p->samples.count && count < GRID_TILES; i++)
        if (p->predicted[i] == p->samples.labels[i])
            tiles[count++] = tile_of(p, i);
    return count;
}

md_status md_figure_grid(const md_predictions *p, const char *path, md_error *err)
{
    void *memory = NULL;
    md_status status =
        md_allocate(&memory, p->samples.count, sizeof(mistake), "the wrong answers", err);
    if (status)
        return status;
    size_t wrong = find_mistakes(p, memory);
    md_tile tiles[GRID_TILES];
    char title[128];
    snprintf(title, sizeof title, "Answers to %zu test images: %zu wrong, the surest of them first",
             p->samples.count, wrong);
    const md_mosaic mosaic = {.title = title,
                              .rows = p->samples.rows,
                              .columns = p->samples.columns,
                              .count = choose_tiles(p, memory, wrong, tiles),
                              .across = GRID_ACROSS,
                              .tiles = tiles,
                              .stride = 1};
    status = md_mosaic_draw(&mosaic, path, err);
    free(memory);
    return status;
}

md_status md_figure_confusion(const md_predictions *p, const char *path, md_error *err)
{
    void *memory = NULL;
    md_status status =
        md_allocate(&memory, p->classes * p->classes, sizeof(int64_t), "the confusions", err);
    if (status)
        return status;
    int64_t *counts = memory;
    size_t right = 0;
    for (size_t i = 0; i < p->samples.count; i++) {
        counts[p->samples.labels[i] * p->classes + p->predicted[i]]++;
        right += p->samples.labels[i] == p->predicted[i];
    }
    const md_confusion confusion = {(int)p->classes, counts};
    char title[128];
    snprintf(title, sizeof title, "%zu test images, accuracy %.4f", p->samples.count,
             (double)right / (double)p->samples.count);
    if (path)
        status = md_confusion_draw(&confusion, title, path, err);
    else {
        printf("%s\n", title);
        md_confusion_print(&confusion, stdout);
    }
    free(memory);
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
