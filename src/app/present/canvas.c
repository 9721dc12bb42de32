#include "canvas.h"

#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/memory.h"

enum { DOTS_ACROSS = 2, DOTS_DOWN = 4 };

typedef struct cell {
    uint8_t dots; /* a braille pattern: bit i is dot i + 1 */
    uint8_t colour;
    char letter, mark; /* mark: 0 for none, else over the dots */
} cell;

struct md_canvas {
    md_terminal terminal;
    int columns, rows;
    cell *cells; /* [rows][columns] */
};

md_status md_canvas_create(const md_terminal *terminal, int columns, int rows, md_canvas **out,
                           md_error *err)
{
    *out = NULL;
    md_canvas *canvas = calloc(1, sizeof *canvas);
    if (!canvas)
        return md_fail_memory(err, "a drawing", sizeof *canvas);
    *canvas = (md_canvas){.terminal = *terminal, .columns = columns, .rows = rows};
    void *cells = NULL;
    md_status status =
        md_allocate(&cells, (size_t)columns * (size_t)rows, sizeof(cell), "a drawing", err);
    canvas->cells = cells;
    if (status)
        md_canvas_destroy(&canvas);
    *out = canvas;
    return status;
}

void md_canvas_destroy(md_canvas **canvas)
{
    if (!*canvas)
        return;
    free((*canvas)->cells);
    free(*canvas);
    *canvas = NULL;
}

static cell *cell_at(md_canvas *canvas, int column, int row)
{
    if (column < 0 || row < 0 || column >= canvas->columns || row >= canvas->rows)
        return NULL;
    return &canvas->cells[(size_t)row * (size_t)canvas->columns + (size_t)column];
}

static void put_dot(md_canvas *canvas, int x, int y, md_pen pen)
{
    /* Unicode 15, 2800-28FF: dots 1 2 3 7 in the left column, 4 5 6 8 in the right one. */
    static const uint8_t bits[DOTS_DOWN][DOTS_ACROSS] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    cell *c = x < 0 || y < 0 ? NULL : cell_at(canvas, x / DOTS_ACROSS, y / DOTS_DOWN);
    if (!c)
        return;
    c->dots |= bits[y % DOTS_DOWN][x % DOTS_ACROSS];
    c->colour = (uint8_t)pen.colour;
    c->letter = pen.letter;
}

void md_canvas_line(md_canvas *canvas, const double from[2], const double to[2], md_pen pen)
{
    const double across = DOTS_ACROSS, down = DOTS_DOWN;
    double x = from[0] * across, y = from[1] * down;
    double dx = to[0] * across - x, dy = to[1] * down - y;
    int steps = (int)ceil(fmax(fabs(dx), fabs(dy)));
    for (int i = 0; i <= steps; i += pen.spacing) {
        double t = steps ? (double)i / steps : 0;
        put_dot(canvas, (int)floor(x + t * dx), (int)floor(y + t * dy), pen);
    }
}

void md_canvas_mark(md_canvas *canvas, const double at[2], char mark, md_colour colour)
{
    cell *c = cell_at(canvas, (int)floor(at[0]), (int)floor(at[1]));
    if (!c)
        return;
    c->mark = mark;
    c->colour = (uint8_t)colour;
}

static void print_cell(const md_canvas *canvas, const cell *c, FILE *out)
{
    if (c->mark || !c->dots)
        fputc(c->mark ? c->mark : ' ', out);
    else if (!canvas->terminal.utf8)
        fputc(c->letter, out);
    else /* U+2800 + dots in UTF-8 */
        fprintf(out, "\xe2%c%c", 0xa0 + (c->dots >> 6), 0x80 + (c->dots & 0x3f));
}

void md_canvas_print_row(const md_canvas *canvas, int row, FILE *out)
{
    const cell *line = &canvas->cells[(size_t)row * (size_t)canvas->columns];
    md_colour current = MD_PLAIN;
    for (int i = 0; i < canvas->columns; i++) {
        int blank = !line[i].mark && !line[i].dots;
        if (!blank && line[i].colour != current) {
            current = line[i].colour;
            md_terminal_colour(&canvas->terminal, out, current);
        }
        print_cell(canvas, &line[i], out);
    }
    if (current != MD_PLAIN)
        md_terminal_colour(&canvas->terminal, out, MD_PLAIN);
}

/* Mean of the pixels that cell (i, j) of a w x h grid covers. */
static double mean_under(const uint8_t *pixels, const size_t shape[2], const size_t grid[2],
                         size_t i, size_t j)
{
    size_t top = i * shape[0] / grid[0], bottom = ((i + 1) * shape[0] + grid[0] - 1) / grid[0];
    size_t left = j * shape[1] / grid[1], right = ((j + 1) * shape[1] + grid[1] - 1) / grid[1];
    double sum = 0;
    for (size_t r = top; r < bottom; r++)
        for (size_t c = left; c < right; c++)
            sum += pixels[r * shape[1] + c];
    return sum / (double)((bottom - top) * (right - left));
}

void md_image_print(const md_terminal *terminal, const uint8_t *pixels, size_t rows, size_t columns,
                    FILE *out)
{
    static const char *const shades[] = {" ", "░", "▒", "▓", "█"};
    static const char ascii[] = " .:-=+*#%@";
    size_t widest = (size_t)md_terminal_text_columns(terminal);
    size_t width = 2 * columns < widest ? 2 * columns : widest;
    /* A character is twice as high as it is wide. */
    size_t height = (rows * width + columns) / (2 * columns);
    const size_t shape[2] = {rows, columns}, grid[2] = {height ? height : 1, width};
    for (size_t i = 0; i < grid[0]; i++) {
        for (size_t j = 0; j < width; j++) {
            double ink = mean_under(pixels, shape, grid, i, j) / 255;
            if (terminal->utf8)
                fputs(shades[lround(ink * 4)], out);
            else
                fputc(ascii[lround(ink * 9)], out);
        }
        fputc('\n', out);
    }
}
