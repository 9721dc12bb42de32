#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "picture.h"

/* The smallest rectangle around the ink: from `low` to before `high`. */
typedef struct box {
    size_t low_x, high_x, low_y, high_y;
} box;

/* Where the frame's middle and pixels lie in the picture. */
typedef struct placement {
    double x, y;  /* the ink's centre of mass */
    double pixel; /* side of one pixel of the frame, in pixels of the picture */
} placement;

/* The median of `count` levels. */
static uint8_t median_level(const size_t histogram[UINT8_MAX + 1], size_t count)
{
    size_t level = 0;
    for (size_t below = histogram[0]; 2 * below < count; below += histogram[level])
        level++;
    return (uint8_t)level;
}

/* The median along the border: the paper, whatever of the ink reaches the edge. */
static uint8_t border_level(const md_picture *p)
{
    size_t histogram[UINT8_MAX + 1] = {0}, count = 0;
    for (size_t y = 0; y < p->height; y++) {
        size_t step = y == 0 || y + 1 == p->height || p->width == 1 ? 1 : p->width - 1;
        for (size_t x = 0; x < p->width; x += step, count++)
            histogram[p->grey[y * p->width + x]]++;
    }
    return median_level(histogram, count);
}

/* Makes the paper black and the ink bright; returns the brightest. */
static uint8_t remove_paper(md_picture *p, uint8_t paper)
{
    uint8_t brightest = 0;
    for (size_t i = 0; i < p->width * p->height; i++) {
        p->grey[i] = p->grey[i] > paper ? (uint8_t)(p->grey[i] - paper) : 0;
        brightest = p->grey[i] > brightest ? p->grey[i] : brightest;
    }
    return brightest;
}

/* Ink is what exceeds a quarter of the brightest; less is the paper's texture. */
static box find_ink(const md_picture *p, uint8_t brightest)
{
    box b = {p->width, 0, p->height, 0};
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++) {
            if (p->grey[y * p->width + x] <= brightest / 4)
                continue;
            b.low_x = x < b.low_x ? x : b.low_x;
            b.high_x = x >= b.high_x ? x + 1 : b.high_x;
            b.low_y = y < b.low_y ? y : b.low_y;
            b.high_y = y + 1;
        }
    return b;
}

/* MNIST's ink fills 20 of 28 pixels, its centre of mass in the middle. */
static placement place_ink(const md_picture *p, const box *b, size_t rows, size_t columns)
{
    double mass = 0.0, x_sum = 0.0, y_sum = 0.0;
    for (size_t y = b->low_y; y < b->high_y; y++)
        for (size_t x = b->low_x; x < b->high_x; x++) {
            double ink = p->grey[y * p->width + x];
            mass += ink;
            x_sum += ink * ((double)x + 0.5);
            y_sum += ink * ((double)y + 0.5);
        }
    double across = (double)(b->high_x - b->low_x) / (20.0 / 28.0 * (double)columns);
    double down = (double)(b->high_y - b->low_y) / (20.0 / 28.0 * (double)rows);
    return (placement){x_sum / mass, y_sum / mass, across > down ? across : down};
}

/* How much of the picture's pixel number i lies between low and high. */
static double overlap(size_t i, double low, double high)
{
    double from = (double)i > low ? (double)i : low;
    double to = (double)(i + 1) < high ? (double)(i + 1) : high;
    return to - from;
}

/* The first whole pixel of an interval that may begin before the picture. */
static size_t first_pixel(double low)
{
    return low > 0.0 ? (size_t)low : 0;
}

/* Mean of a square of the picture, which is black outside its bounds. */
static double average(const md_picture *p, double x, double y, double side)
{
    double left = x - side / 2, right = x + side / 2, top = y - side / 2, bottom = y + side / 2;
    double sum = 0.0;
    for (size_t j = first_pixel(top); j < p->height && (double)j < bottom; j++) {
        double row = 0.0;
        for (size_t i = first_pixel(left); i < p->width && (double)i < right; i++)
            row += overlap(i, left, right) * p->grey[j * p->width + i];
        sum += overlap(j, top, bottom) * row;
    }
    return sum / (side * side);
}

/* The picture beneath one pixel of the frame. Enlarging keeps the square one pixel wide, which is
 * bilinear interpolation. `right` and `down` count from the frame's middle. */
static double sample(const md_picture *p, const placement *at, double right, double down)
{
    double side = at->pixel > 1.0 ? at->pixel : 1.0;
    return average(p, at->x + right * at->pixel, at->y + down * at->pixel, side);
}

/* Thin strokes fade when shrunk: brightens them until half of the ink reaches 240, MNIST's median
 * over its pixels above 64. */
static void brighten(uint8_t *pixels, size_t n)
{
    const unsigned floor = 64, wanted = 240;
    size_t histogram[UINT8_MAX + 1] = {0}, count = 0;
    for (size_t i = 0; i < n; i++)
        if (pixels[i] > floor) {
            histogram[pixels[i]]++;
            count++;
        }
    unsigned median = median_level(histogram, count);
    if (median <= floor || median >= wanted)
        return;
    for (size_t i = 0; i < n; i++) {
        unsigned brighter = pixels[i] * wanted / median;
        pixels[i] = brighter < UINT8_MAX ? (uint8_t)brighter : UINT8_MAX;
    }
}

static md_status resample(const md_picture *p, const placement *at, size_t rows, size_t columns,
                          uint8_t *out, md_error *err)
{
    void *memory;
    md_status status = md_allocate(&memory, rows * columns, sizeof(double), "a picture", err);
    if (status)
        return status;
    double *ink = memory, brightest = 0.0;
    for (size_t i = 0; i < rows * columns; i++) {
        size_t row = i / columns, column = i % columns;
        double right = (double)column + 0.5 - 0.5 * (double)columns;
        double down = (double)row + 0.5 - 0.5 * (double)rows;
        ink[i] = sample(p, at, right, down);
        brightest = ink[i] > brightest ? ink[i] : brightest;
    }
    for (size_t i = 0; i < rows * columns; i++)
        out[i] = (uint8_t)(UINT8_MAX * ink[i] / brightest + 0.5);
    free(memory);
    brighten(out, rows * columns);
    return MD_OK;
}

md_status md_picture_fit(md_picture *p, const char *path, size_t rows, size_t columns, uint8_t *out,
                         md_error *err)
{
    uint8_t paper = border_level(p);
    if (paper > UINT8_MAX / 2) {
        for (size_t i = 0; i < p->width * p->height; i++)
            p->grey[i] = (uint8_t)(UINT8_MAX - p->grey[i]);
        paper = (uint8_t)(UINT8_MAX - paper);
    }
    if (p->width == columns && p->height == rows) {
        memcpy(out, p->grey, rows * columns);
        return MD_OK;
    }
    uint8_t brightest = remove_paper(p, paper);
    if (brightest == 0)
        return md_fail(err, MD_BAD_DATA, "%s: is blank, there is no ink on its paper; draw a digit",
                       path);
    box b = find_ink(p, brightest);
    placement at = place_ink(p, &b, rows, columns);
    return resample(p, &at, rows, columns, out, err);
}
