#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "picture_kind.h"
#include "present/answers.h"
#include "present/mosaic.h"

enum { GRID_ACROSS = 8, GRID_TILES = 40, GRID_WRONG = 32 };

/* The image is copied to `pixels`. */
static md_tile tile_of(const md_predictions *p, size_t image, uint8_t *pixels)
{
    int says = p->predicted[image], is = p->labels[image];
    md_tile tile = {.image = pixels, .red = says != is};
    memcpy(pixels, md_predictions_image(p, image), p->rows * p->columns);
    if (says != is)
        snprintf(tile.caption, sizeof tile.caption, "says %d, is %d", says, is);
    else
        snprintf(tile.caption, sizeof tile.caption, "says %d", says);
    return tile;
}

/* Some wrong ones, then right ones in file order. */
static size_t choose_tiles(const md_predictions *p, const md_answers *answers, uint8_t *pixels,
                           md_tile tiles[GRID_TILES])
{
    const size_t size = p->rows * p->columns;
    size_t count = 0;
    for (size_t i = 0; i < answers->wrong && count < GRID_WRONG; i++, count++)
        tiles[count] = tile_of(p, answers->mistakes[i], pixels + count * size);
    for (size_t i = 0; i < p->count && count < GRID_TILES; i++)
        if (p->predicted[i] == p->labels[i]) {
            tiles[count] = tile_of(p, i, pixels + count * size);
            count++;
        }
    return count;
}

static md_status draw_tiles(const md_predictions *p, const md_answers *answers, uint8_t *pixels,
                            const char *path, md_error *err)
{
    md_tile tiles[GRID_TILES];
    char title[128];
    snprintf(title, sizeof title, "Answers to %zu test images: %zu wrong, the surest of them first",
             p->count, answers->wrong);
    const md_mosaic mosaic = {.title = title,
                              .rows = p->rows,
                              .columns = p->columns,
                              .count = choose_tiles(p, answers, pixels, tiles),
                              .across = GRID_ACROSS,
                              .tiles = tiles,
                              .stride = 1};
    return md_mosaic_draw(&mosaic, path, err);
}

static md_status draw(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_predictions *p = subject->predictions;
    md_answers answers;
    void *pixels = NULL;
    md_status status = md_answers_count(p, &answers, err);
    if (!status)
        status = md_allocate(&pixels, GRID_TILES, p->rows * p->columns, "the images", err);
    if (!status)
        status = draw_tiles(p, &answers, pixels, path, err);
    free(pixels);
    md_answers_clear(&answers);
    return status;
}

const md_picture_kind md_picture_grid = {.help = "test images with answers, wrong ones first",
                                         .needs_data = 1,
                                         .answers = MD_PICTURE_CLASSES,
                                         .draw = draw};
