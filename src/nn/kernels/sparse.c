/* The first layer over compressed rows. Only non-zero pixels cost anything: 19 % of MNIST's. */
#include "set.h"

#include "mnist_dist/base/memory.h"

enum {
    WIDE = 8, /* vectors of output columns kept in registers at once */
    WIDE_COLUMNS = WIDE * LANES,
    HALF_COLUMNS = WIDE_COLUMNS / 2,
    ROW_BLOCK = MD_SPARSE_BLOCK, /* samples taken at a time */
    L1_WEIGHTS = 57344, /* bytes of weights taken at a time: what pays with a 48 KB L1 cache */
    ROWS_AHEAD = 2,     /* images lie scattered in the data set: the CPU cannot guess the next */
    UNITS = 256 * sizeof(float)
};

/* v / 255 of every byte: 256 divisions a call are cheaper than one a pixel. */
static void fill_units(float unit[256])
{
    for (int v = 0; v < 256; v++)
        unit[v] = (float)v / 255.0f;
}

typedef struct forward {
    const md_sparse_row *x; /* [n], up to ROW_BLOCK */
    size_t n, out;
    const float *w, *b;
    float *y;
    const float *unit;
} forward;

static void prefetch(const md_sparse_row *row)
{
    for (size_t i = 0; i < row->count; i += MD_ALIGNMENT / sizeof *row->index)
        __builtin_prefetch(row->index + i);
    for (size_t i = 0; i < row->count; i += MD_ALIGNMENT)
        __builtin_prefetch(row->value + i);
}

/* The same address. GCC otherwise takes those of its vectors apart, into more parts than there are
 * registers for: 15 % of a sparse forward. */
MD_INLINE const float *whole(const float *x)
{
    return __builtin_assume_aligned(x, sizeof *x);
}

/* Adds the row's pixels from number `next` on, those below `limit`, to y; returns the number of the
 * first one left. */
MD_INLINE uint32_t add_pixels(const forward *f, const md_sparse_row *row, uint32_t next,
                              size_t limit, const float *w, float *y, size_t vectors)
{
    if (next >= row->count || row->index[next] >= limit)
        return next;
    vec sum[WIDE];
    for (size_t j = 0; j < vectors; j++)
        sum[j] = load(y + j * LANES);
    do {
        const float *weights = whole(w + row->index[next] * f->out);
        float pixel = f->unit[row->value[next]];
        for (size_t j = 0; j < vectors; j++)
            sum[j] = multiply_add(pixel, load(weights + j * LANES), sum[j]);
        next++;
    } while (next < row->count && row->index[next] < limit);
    for (size_t j = 0; j < vectors; j++)
        store(y + j * LANES, sum[j]);
    return next;
}

/* Columns column .. column + vectors * LANES - 1 of every row. All rows use the same few weights
 * before going on to the next ones: 0.43 against 0.57 us a sample (784 to 128, AVX-512), where
 * each row by itself would stream the whole matrix from the L2 cache. */
MD_INLINE void forward_columns(const forward *f, size_t column, size_t vectors)
{
    const size_t pixels = L1_WEIGHTS / (vectors * sizeof(vec));
    uint32_t next[ROW_BLOCK] = {0};
    size_t open = f->n;
    for (size_t limit = pixels; open > 0; limit += pixels) {
        open = 0;
        for (size_t i = 0; i < f->n; i++) {
            if (limit == pixels && i + ROWS_AHEAD < f->n)
                prefetch(&f->x[i + ROWS_AHEAD]);
            next[i] = add_pixels(f, &f->x[i], next[i], limit, f->w + column,
                                 f->y + i * f->out + column, vectors);
            open += next[i] < f->x[i].count;
        }
    }
}

/* The last columns, too few for a vector. */
static void forward_rest(const forward *f, size_t column)
{
    for (size_t i = 0; i < f->n; i++) {
        const md_sparse_row *row = &f->x[i];
        float *y = f->y + i * f->out;
        for (uint32_t k = 0; k < row->count; k++) {
            const float *weights = f->w + row->index[k] * f->out;
            float pixel = f->unit[row->value[k]];
            for (size_t j = column; j < f->out; j++)
                y[j] = multiply_add_one(pixel, weights[j], y[j]);
        }
    }
}

static void forward_block(const forward *f)
{
    for (size_t i = 0; i < f->n; i++)
        memcpy(f->y + i * f->out, f->b, f->out * sizeof *f->y);
    size_t column = 0;
    for (; column + WIDE_COLUMNS <= f->out; column += WIDE_COLUMNS)
        forward_columns(f, column, WIDE);
    if (column + HALF_COLUMNS <= f->out) {
        forward_columns(f, column, WIDE / 2);
        column += HALF_COLUMNS;
    }
    for (; column + LANES <= f->out; column += LANES)
        forward_columns(f, column, 1);
    if (column < f->out)
        forward_rest(f, column);
}

void MD_SET(sparse_forward)(const md_sparse_row *x, size_t n, const float *w, const float *b,
                            size_t out, float *y)
{
    float unit[256];
    fill_units(unit);
    forward f = {.out = out, .w = w, .b = b, .unit = unit};
    for (size_t i = 0; i < n; i += ROW_BLOCK) {
        f.x = x + i;
        f.n = n - i < ROW_BLOCK ? n - i : ROW_BLOCK;
        f.y = y + i * out;
        forward_block(&f);
    }
}

/* Of some pixels: which samples have each, and at what value. */
typedef struct columns {
    float *unit;     /* [256] */
    uint16_t *count; /* [pixels] */
    uint16_t *entry; /* [pixels][stride]: sample * 256 + value */
    size_t stride;
} columns;

/* A whole odd number of cache lines, so that the pixels' lists spread over all cache sets. */
static size_t list_stride(size_t n)
{
    const size_t line = MD_ALIGNMENT / sizeof(uint16_t);
    return ((n + line - 1) / line | 1) * line;
}

static size_t counts_size(size_t pixels)
{
    return md_aligned(pixels * sizeof(uint16_t));
}

size_t MD_SET(sparse_scratch)(size_t n, size_t pixels)
{
    return UNITS + counts_size(pixels) + pixels * list_stride(n) * sizeof(uint16_t);
}

static columns columns_in(void *scratch, size_t n, size_t pixels)
{
    char *counts = (char *)scratch + UNITS;
    return (columns){.unit = scratch,
                     .count = (uint16_t *)(void *)counts,
                     .entry = (uint16_t *)(void *)(counts + counts_size(pixels)),
                     .stride = list_stride(n)};
}

/* The first entry of a row at this pixel or behind it. */
static uint32_t find_pixel(const md_sparse_row *row, size_t pixel)
{
    uint32_t low = 0, high = row->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (row->index[middle] < pixel)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A list of fixed length per pixel needs one pass where exact lengths would need two. */
void MD_SET(sparse_columns)(const md_sparse_row *x, size_t n, size_t first, size_t pixels,
                            void *scratch)
{
    const columns c = columns_in(scratch, n, pixels);
    fill_units(c.unit);
    memset(c.count, 0, pixels * sizeof *c.count);
    for (size_t i = 0; i < n; i++) {
        if (i + ROWS_AHEAD < n) /* of images that another rank's forward has read */
            prefetch(&x[i + ROWS_AHEAD]);
        for (uint32_t k = first ? find_pixel(&x[i], first) : 0; k < x[i].count; k++) {
            size_t pixel = x[i].index[k] - first;
            if (pixel >= pixels)
                break;
            c.entry[pixel * c.stride + c.count[pixel]++] = (uint16_t)(i << 8 | x[i].value[k]);
        }
    }
}

typedef struct gradient {
    columns pixels;
    size_t begin, count; /* of them */
    size_t out;
    int add; /* to dw, rather than overwrite it */
    const float *dy;
    float *dw;
} gradient;

MD_INLINE void gradient_columns(const gradient *g, size_t column, size_t vectors)
{
    for (size_t i = 0; i < g->count; i++) {
        const uint16_t *entry = g->pixels.entry + (g->begin + i) * g->pixels.stride;
        float *dw = g->dw + i * g->out + column;
        vec sum[WIDE] = {{0}};
        for (size_t j = 0; j < vectors && g->add; j++)
            sum[j] = load(dw + j * LANES);
        for (uint16_t k = 0; k < g->pixels.count[g->begin + i]; k++) {
            float pixel = g->pixels.unit[entry[k] & 255];
            const float *dy = g->dy + (entry[k] >> 8) * g->out + column;
            for (size_t j = 0; j < vectors; j++)
                sum[j] = multiply_add(pixel, load(dy + j * LANES), sum[j]);
        }
        for (size_t j = 0; j < vectors; j++)
            store(dw + j * LANES, sum[j]);
    }
}

static void gradient_rest(const gradient *g, size_t column)
{
    for (size_t i = 0; i < g->count; i++) {
        const uint16_t *entry = g->pixels.entry + (g->begin + i) * g->pixels.stride;
        float *dw = g->dw + i * g->out;
        for (size_t j = column; j < g->out; j++)
            dw[j] = g->add ? dw[j] : 0.0f;
        for (uint16_t k = 0; k < g->pixels.count[g->begin + i]; k++) {
            float pixel = g->pixels.unit[entry[k] & 255];
            const float *dy = g->dy + (entry[k] >> 8) * g->out;
            for (size_t j = column; j < g->out; j++)
                dw[j] = multiply_add_one(pixel, dy[j], dw[j]);
        }
    }
}

void MD_SET(sparse_gradient)(const md_sparse_gradient *p)
{
    gradient g = {.pixels = columns_in(p->scratch, p->n, p->pixels),
                  .begin = p->begin,
                  .count = p->count,
                  .out = p->out,
                  .add = p->add,
                  .dy = p->dy,
                  .dw = p->dw};
    size_t column = 0;
    for (; column + WIDE_COLUMNS <= g.out; column += WIDE_COLUMNS)
        gradient_columns(&g, column, WIDE);
    if (column + HALF_COLUMNS <= g.out) {
        gradient_columns(&g, column, WIDE / 2);
        column += HALF_COLUMNS;
    }
    for (; column + LANES <= g.out; column += LANES)
        gradient_columns(&g, column, 1);
    if (column < g.out)
        gradient_rest(&g, column);
}
