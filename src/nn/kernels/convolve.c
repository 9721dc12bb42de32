/* Convolutions without a matrix of windows: as in product.c a tile of c stays in registers, and
 * each of its rows reads the image where its window lies ("indirect convolution", Dukhan 2019).
 * Each element is summed in ascending order of segment and depth, whatever the tile. */
#include "set.h"

enum {
    /* Tiles that keep both multipliers busy and fit the register file. */
    WIDE = LANES == 16 ? 4 : 2,
    WIDE_ROWS = 6,
    HALF = WIDE / 2,
    NARROW_ROWS = 8 /* rows of a tile half as wide */
};

/* What lies behind the tile's first row and column. */
typedef struct place {
    size_t row, column;
} place;

/* The part of a vector's lanes that c has. */
static size_t lanes_of(const md_convolution *p, size_t column)
{
    const size_t left = p->columns - column;
    return left < LANES ? left : LANES;
}

/* As relu in elementwise.c: NaN stays NaN. */
MD_INLINE vec not_negative(vec v)
{
    return (vec)((mask)v & ~(v < 0.0f));
}

MD_INLINE vec begin_with(const md_convolution *p, place at)
{
    if (p->add)
        return take(p->c + at.row * p->columns + at.column, lanes_of(p, at.column));
    return p->start ? load(p->start + at.column) : (vec){0};
}

/* `rows` rows, up to NARROW_ROWS, of `vectors` vectors, up to WIDE. */
MD_INLINE void multiply(const md_convolution *p, place at, size_t rows, size_t vectors)
{
    const size_t b_row = md_convolve_row(p->columns);
    const float *a[NARROW_ROWS], *b = p->b + at.column;
    vec sum[NARROW_ROWS][WIDE], right[WIDE];
    for (size_t i = 0; i < rows; i++) {
        a[i] = p->a + p->place[at.row + i];
        for (size_t j = 0; j < vectors; j++)
            sum[i][j] = begin_with(p, (place){at.row + i, at.column + j * LANES});
    }
    for (size_t s = 0; s < p->segments; s++)
        for (size_t k = 0; k < p->depth; k++, b += b_row) {
            const size_t step = s * p->a_segment + k * p->a_step;
            for (size_t j = 0; j < vectors; j++)
                right[j] = load(b + j * LANES);
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < vectors; j++)
                    sum[i][j] = multiply_add(a[i][step], right[j], sum[i][j]);
        }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < vectors; j++) {
            const size_t column = at.column + j * LANES;
            put(p->c + (at.row + i) * p->columns + column,
                p->relu ? not_negative(sum[i][j]) : sum[i][j], lanes_of(p, column));
        }
}

/* The last rows, too few for a tile: a tile of just so many. */
MD_INLINE void multiply_rest(const md_convolution *p, place at, size_t rows, size_t vectors)
{
    switch (rows) {
    case 7:
        multiply(p, at, 7, vectors);
        break;
    case 6:
        multiply(p, at, 6, vectors);
        break;
    case 5:
        multiply(p, at, 5, vectors);
        break;
    case 4:
        multiply(p, at, 4, vectors);
        break;
    case 3:
        multiply(p, at, 3, vectors);
        break;
    case 2:
        multiply(p, at, 2, vectors);
        break;
    case 1:
        multiply(p, at, 1, vectors);
        break;
    default:
        break;
    }
}

MD_INLINE void multiply_panel(const md_convolution *p, size_t column, size_t tile_rows,
                              size_t vectors)
{
    place at = {0, column};
    for (; at.row + tile_rows <= p->rows; at.row += tile_rows)
        multiply(p, at, tile_rows, vectors);
    multiply_rest(p, at, p->rows - at.row, vectors);
}

void MD_SET(convolve)(const md_convolution *p)
{
    const size_t vectors = (p->columns + LANES - 1) / LANES;
    size_t done = 0;
    for (; done + WIDE <= vectors; done += WIDE)
        multiply_panel(p, done * LANES, WIDE_ROWS, WIDE);
    for (; done + HALF <= vectors; done += HALF)
        multiply_panel(p, done * LANES, NARROW_ROWS, HALF);
    for (; done < vectors; done++)
        multiply_panel(p, done * LANES, NARROW_ROWS, 1);
}
