#include "mosaic.h"

#include <math.h>
#include <string.h>

#include "gnuplot.h"

enum { GAP = 2, CAPTION_HEIGHT = 22, WIDTH = 960, LARGEST_SCALE = 12, LETTER = 9 };

/* In pixels of the small images, each of which takes `scale` pixels of the screen. */
typedef struct frame {
    size_t rows, columns; /* of the whole mosaic */
    size_t down, across;  /* from tile to tile */
    size_t caption;       /* height left for captions */
    size_t scale;
} frame;

static frame lay_out(const md_mosaic *m)
{
    frame f = {.across = m->columns + GAP, .scale = 1};
    size_t lines = (m->count + m->across - 1) / m->across;
    f.columns = m->across * f.across;
    if (f.columns <= WIDTH)
        f.scale = WIDTH / f.columns < LARGEST_SCALE ? WIDTH / f.columns : LARGEST_SCALE;
    for (size_t i = 0; i < m->count; i++)
        if (m->tiles[i].caption[0])
            f.caption = (CAPTION_HEIGHT + f.scale - 1) / f.scale;
    f.down = m->rows + GAP + f.caption;
    f.rows = lines * f.down;
    return f;
}

/* The value at (row, column) of the whole mosaic; NaN between the tiles. */
static double value_at(const md_mosaic *m, const frame *f, size_t row, size_t column)
{
    size_t r = row % f->down, c = column % f->across;
    size_t tile = row / f->down * m->across + column / f->across;
    if (tile >= m->count || r < f->caption || r >= f->caption + m->rows || c >= m->columns)
        return NAN;
    size_t i = ((r - f->caption) * m->columns + c) * m->stride;
    if (m->range > 0)
        return (double)((const float *)m->tiles[tile].image)[i];
    return ((const uint8_t *)m->tiles[tile].image)[i];
}

static void write_pixels(FILE *script, const md_mosaic *m, const frame *f)
{
    fprintf(script, "$pixels << END\n");
    for (size_t r = 0; r < f->rows; r++) {
        for (size_t c = 0; c < f->columns; c++) {
            double value = value_at(m, f, r, c);
            if (isnan(value))
                fprintf(script, "NaN ");
            else
                fprintf(script, "%.4g ", value);
        }
        fprintf(script, "\n");
    }
    fprintf(script, "END\n");
}

static const char *ink(int red)
{
    return red ? "#c00000" : "black";
}

static void write_captions(FILE *script, const md_mosaic *m, const frame *f)
{
    for (size_t i = 0; i < m->count; i++) {
        size_t left = i % m->across * f->across, top = i / m->across * f->down;
        if (!m->tiles[i].caption[0])
            continue;
        fprintf(script, "set label ");
        md_gnuplot_quote(script, m->tiles[i].caption);
        fprintf(script, " at %g,%g center front textcolor rgb '%s'\n",
                (double)left + (double)(m->columns - 1) / 2, (double)top + (double)f->caption / 2,
                ink(m->tiles[i].red));
    }
}

static void write_palette(FILE *script, const md_mosaic *m)
{
    if (m->range > 0)
        fprintf(script,
                "set palette defined (0 '#b2182b', 1 'white', 2 '#2166ac')\n"
                "set cbrange [%g:%g]\nset cbtics\nset colorbox\n",
                -m->range, m->range);
    else
        fprintf(script, "set palette defined (0 '#f4f4f4', 1 'black')\n"
                        "set cbrange [0:255]\nunset colorbox\n");
}

md_status md_mosaic_draw(const md_mosaic *m, const char *path, md_error *err)
{
    frame f = lay_out(m);
    md_gnuplot *plot = NULL;
    int width = (int)(f.columns * f.scale) + (m->range > 0 ? 130 : 40);
    int height = (int)(f.rows * f.scale) + 70;
    const int titled = LETTER * (int)strlen(m->title) + (m->range > 0 ? 130 : 40);
    if (width < titled)
        width = titled;
    if (width < 360)
        width = 360;
    md_status status = md_gnuplot_open(path, width, height, &plot, err);
    if (status)
        return status;
    FILE *script = md_gnuplot_script(plot);
    write_pixels(script, m, &f);
    write_captions(script, m, &f);
    write_palette(script, m);
    fprintf(script, "set title ");
    md_gnuplot_quote(script, m->title);
    fprintf(script,
            " font ',13' textcolor rgb '%s'\nunset border\nunset xtics\nunset ytics\nunset "
            "key\nset size ratio -1\n"
            "set xrange [-1:%zu]\nset yrange [%zu:-1]\n"
            "plot $pixels matrix with image\n",
            ink(m->red), f.columns, f.rows);
    status = md_gnuplot_finish(plot, err);
    md_gnuplot_close(&plot);
    return status;
}

md_status md_figure_draw(const md_figure *figure, const char *path, md_error *err)
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
