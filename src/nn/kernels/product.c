/* Matrix products by a tile of c in registers. What a tile reads of b, and of a transposed a, is
 * copied together where it would be read often from afar; that leaves 175 to 205 GFLOP/s of 192 to
 * 220 (AVX-512) whatever the size: bench/README.md has it beside OpenBLAS. Each element is summed
 * over k in ascending order, whatever the tile, the copies and the number of rows. */
#include "mnist_dist/base/memory.h"
#include "set.h"

enum {
    /* A tile of ROWS x WIDE vectors keeps both multipliers busy and fits the register file. */
    ROWS = LANES == 8 ? 6 : 4,
    WIDE = LANES == 16 ? 4 : 2,
    WIDE_COLUMNS = WIDE * LANES,
    NARROW_ROWS = 8, /* rows of a tile one vector wide */
    DEPTH = 256,     /* taken at a time: DEPTH x WIDE vectors of b fit the L2 cache */

    /* From so many rows on, copying b costs less than its rows far apart: with 32 rows of AVX-512
     * it takes a tenth more time where b is in the L2 cache. */
    COPY_B_ROWS = 4 * LANES,
    /* From so many columns on, and a block of rows, transposing a costs less. */
    COPY_A_COLUMNS = 256,
    COPIED_ROWS = 128
};

/* The part of a product that is computed at once, and where it lies. */
typedef struct tile {
    const float *a;
    size_t a_row, a_step, depth;
    const float *b;
    size_t b_row, b_step;
    const float *from; /* NULL: zeros */
    size_t from_row;
    float *c;
    size_t c_row;
} tile;

/* c = from + a b for `rows` rows, up to NARROW_ROWS, of `vectors` vectors, up to WIDE. b_step is 1.
 */
MD_INLINE void multiply(const tile *t, size_t rows, size_t vectors)
{
    const vec zero = {0};
    vec sum[NARROW_ROWS][WIDE], b[WIDE];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < vectors; j++)
            sum[i][j] = t->from ? load(t->from + i * t->from_row + j * LANES) : zero;
    for (size_t k = 0; k < t->depth; k++) {
        for (size_t j = 0; j < vectors; j++)
            b[j] = load(t->b + k * t->b_row + j * LANES);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < vectors; j++)
                sum[i][j] = multiply_add(t->a[i * t->a_row + k * t->a_step], b[j], sum[i][j]);
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < vectors; j++)
            store(t->c + i * t->c_row + j * LANES, sum[i][j]);
}

static void move_down(tile *t, size_t rows)
{
    t->a += rows * t->a_row;
    t->c += rows * t->c_row;
    if (t->from)
        t->from += rows * t->from_row;
}

static void move_right(tile *t, size_t columns)
{
    t->b += columns * t->b_step;
    t->c += columns;
    if (t->from)
        t->from += columns;
}

/* Few rows alone would wait for each sum: those left over are taken together as far as they go. */
MD_INLINE void multiply_panel(tile t, size_t rows, size_t tile_rows, size_t vectors)
{
    for (; rows >= tile_rows; rows -= tile_rows) {
        multiply(&t, tile_rows, vectors);
        move_down(&t, tile_rows);
    }
    if (rows & 4) {
        multiply(&t, 4, vectors);
        move_down(&t, 4);
    }
    if (rows & 2) {
        multiply(&t, 2, vectors);
        move_down(&t, 2);
    }
    if (rows & 1)
        multiply(&t, 1, vectors);
}

/* Element l of the two vectors laid end to end is number l; interleaving takes one from each in
 * turn. */
#if defined(__AVX512F__)
#define LOW_HALVES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX2__)
#define LOW_HALVES 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW_HALVES 0, 4, 1, 5
#define HIGH_HALVES 2, 6, 3, 7
#endif
#if defined(__clang__)
#define SHUFFLE(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else /* GCC before 12 has no other */
typedef int lane_numbers __attribute__((vector_size(sizeof(vec))));
#define SHUFFLE(x, y, ...) __builtin_shuffle(x, y, (lane_numbers){__VA_ARGS__})
#endif

/* Interleaving vectors i and i + LANES / 2 moves the index of each element's vector, a number of
 * log2(LANES) bits, one bit towards the index inside the vector, and back at the other end: after
 * log2(LANES) rounds the two indices have changed places. */
MD_INLINE void transpose_square(const float *x, size_t x_row, float *y, size_t y_row)
{
    vec now[LANES], next[LANES];
    for (size_t i = 0; i < LANES; i++)
        now[i] = load(x + i * x_row);
    for (int round = 1; round < LANES; round *= 2) {
        for (size_t i = 0; i < LANES / 2; i++) {
            vec upper = now[i], lower = now[i + LANES / 2];
            next[2 * i] = SHUFFLE(upper, lower, LOW_HALVES);
            next[2 * i + 1] = SHUFFLE(upper, lower, HIGH_HALVES);
        }
        memcpy(now, next, sizeof now);
    }
    for (size_t i = 0; i < LANES; i++)
        store(y + i * y_row, now[i]);
}

/* Rows of `width` values, fewer than LANES, to and from rows of LANES. The loops run over all lanes
 * since a count known beforehand becomes one masked move. */
static void pad(const float *x, size_t x_row, size_t rows, size_t width, float *padded)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < LANES; j++)
            padded[i * LANES + j] = j < width ? x[i * x_row + j] : 0.0f;
}

static void unpad(const float *padded, size_t rows, size_t width, float *x, size_t x_row)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < LANES; j++)
            if (j <
                width) /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): all are set */
                x[i * x_row + j] = padded[i * LANES + j];
}

/* y[columns][y_row] = the transpose of x[rows][x_row] */
static void turn(const float *x, size_t x_row, size_t rows, size_t columns, float *y, size_t y_row)
{
    const size_t square_rows = rows / LANES * LANES, square_columns = columns / LANES * LANES;
    for (size_t i = 0; i < square_rows; i += LANES)
        for (size_t j = 0; j < square_columns; j += LANES)
            transpose_square(x + i * x_row + j, x_row, y + j * y_row + i, y_row);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = i < square_rows ? square_columns : 0; j < columns; j++)
            y[j * y_row + i] = x[i * x_row + j];
}

MD_INLINE void copy(const float *x, size_t x_row, size_t rows, size_t vectors, float *y)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < vectors; j++)
            store(y + (i * vectors + j) * LANES, load(x + i * x_row + j * LANES));
}

/* Makes t read `width` columns of b, up to `vectors` vectors, from rows of whole vectors. */
MD_INLINE void take_b(tile *t, size_t rows, size_t width, size_t vectors, float *copied)
{
    const size_t b_row = vectors * LANES;
    if (t->b_step != 1)
        turn(t->b, t->b_step, width, t->depth, copied, b_row);
    else if (width < LANES)
        pad(t->b, t->b_row, t->depth, width, copied);
    else if (rows >= COPY_B_ROWS && t->b_row > b_row)
        copy(t->b, t->b_row, t->depth, vectors, copied);
    else
        return;
    t->b = copied;
    t->b_row = b_row;
    t->b_step = 1;
}

/* Columns too few for a vector: c on padded copies. */
static void multiply_edge(tile t, size_t rows, size_t width)
{
    float c[NARROW_ROWS * LANES];
    while (rows > 0) {
        const size_t taken = rows < NARROW_ROWS ? rows : NARROW_ROWS;
        tile padded = t;
        if (t.from)
            pad(t.from, t.from_row, taken, width, c);
        padded.from = t.from ? c : NULL;
        padded.from_row = LANES;
        padded.c = c;
        padded.c_row = LANES;
        multiply_panel(padded, taken, NARROW_ROWS, 1);
        unpad(c, taken, width, t.c, t.c_row);
        move_down(&t, taken);
        rows -= taken;
    }
}

static void multiply_columns(tile t, size_t rows, size_t columns)
{
    _Alignas(MD_ALIGNMENT) float copied[DEPTH * WIDE_COLUMNS];
    for (; columns >= WIDE_COLUMNS; columns -= WIDE_COLUMNS) {
        tile wide = t;
        take_b(&wide, rows, WIDE_COLUMNS, WIDE, copied);
        multiply_panel(wide, rows, ROWS, WIDE);
        move_right(&t, WIDE_COLUMNS);
    }
    for (; columns >= LANES; columns -= LANES) {
        tile narrow = t;
        take_b(&narrow, rows, LANES, 1, copied);
        multiply_panel(narrow, rows, NARROW_ROWS, 1);
        move_right(&t, LANES);
    }
    if (columns > 0) {
        take_b(&t, rows, columns, 1, copied);
        multiply_edge(t, rows, columns);
    }
}

static void multiply_rows(tile t, size_t rows, size_t columns)
{
    _Alignas(MD_ALIGNMENT) float copied[COPIED_ROWS * DEPTH];
    if (t.a_row == 1 && columns >= COPY_A_COLUMNS && t.depth >= LANES)
        while (rows >= LANES) {
            const size_t most = rows / LANES * LANES;
            const size_t taken = most < COPIED_ROWS ? most : COPIED_ROWS;
            tile block = t;
            turn(t.a, t.a_step, t.depth, taken, copied, DEPTH);
            block.a = copied;
            block.a_row = DEPTH;
            block.a_step = 1;
            multiply_columns(block, taken, columns);
            move_down(&t, taken);
            rows -= taken;
        }
    if (rows > 0)
        multiply_columns(t, rows, columns);
}

void MD_SET(product)(const md_product *p)
{
    tile t = {.a = p->a,
              .a_row = p->a_row,
              .a_step = p->a_step,
              .b = p->b,
              .b_row = p->b_transposed ? 1 : p->columns,
              .b_step = p->b_transposed ? p->depth : 1,
              .from = p->start,
              .c = p->c,
              .c_row = p->columns};
    size_t left = p->depth;
    do {
        t.depth = left < DEPTH ? left : DEPTH;
        multiply_rows(t, p->rows, p->columns);
        t.a += t.depth * t.a_step;
        t.b += t.depth * t.b_row;
        t.from = t.c;
        t.from_row = t.c_row;
        left -= t.depth;
    } while (left > 0);
}
