/* Drawings made of characters: braille dots (2 x 4 a cell) where the locale has them, else plain
 * letters. Local. */
#ifndef MNIST_DIST_APP_CANVAS_H
#define MNIST_DIST_APP_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "terminal.h"

typedef struct md_canvas md_canvas;

/* columns x rows cells. *out is NULL on error. */
md_status md_canvas_create(const md_terminal *terminal, int columns, int rows, md_canvas **out,
                           md_error *err);
void md_canvas_destroy(md_canvas **canvas); /* NULL is fine; clears *canvas */

typedef struct md_pen {
    md_colour colour;
    int spacing; /* 1: every dot, 3: every third one */
    char letter; /* instead of dots where there is no braille */
} md_pen;

/* Points are in units of cells (fractions reach single dots), x to the right and y down from the
 * upper left corner. What lies outside is cut off. A mark is one character over the dots. */
void md_canvas_line(md_canvas *canvas, const double from[2], const double to[2], md_pen pen);
void md_canvas_mark(md_canvas *canvas, const double at[2], char mark, md_colour colour);

/* One row of cells, without a newline. */
void md_canvas_print_row(const md_canvas *canvas, int row, FILE *out);

/* An image in shades, 255 being ink: two characters a pixel, or fewer where 80 columns or the
 * terminal's width would not do. */
void md_image_print(const md_terminal *terminal, const uint8_t *pixels, size_t rows, size_t columns,
                    FILE *out);

#endif
