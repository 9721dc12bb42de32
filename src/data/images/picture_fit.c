#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/memory.h"
#include "picture.h"

/* Where the frame's middle and pixels lie in the picture. */
typedef struct placement {
    double x, y;  /* the ink's centre of mass */
    double pixel; /* side of one pixel of the frame, in pixels of the picture */
} placement;

/* MNIST's ink fills this much of its frame. */
static const double filled = 20.0 / 28.0;

md_picture_box md_picture_bounds(PIX *picture, int level)
{
    int width = pixGetWidth(picture), height = pixGetHeight(picture);
    md_picture_box b = {width, 0, height, 0};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            if (md_picture_at(picture, x, y) <= level)
                continue;
            b.low_x = x < b.low_x ? x : b.low_x;
            b.high_x = x >= b.high_x ? x + 1 : b.high_x;
            b.low_y = y < b.low_y ? y : b.low_y;
            b.high_y = y + 1;
        }
    return b;
}

/* A third of it is black, as of all of MNIST's; the ink's box has at least 0.6 of the frame
 * (MNIST's 19 of 28 pixels) and its middle lies within 0.4 of the way to the edge (MNIST's 5.5 of
 * 14). */
int md_picture_is_frame(PIX *grey)
{
    int width = pixGetWidth(grey), height = pixGetHeight(grey), black = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            black += md_picture_at(grey, x, y) == 0;
    const md_picture_box b = md_picture_bounds(grey, 0);
    double wide = (double)(b.high_x - b.low_x) / width,
           high = (double)(b.high_y - b.low_y) / height;
    double right = (double)(b.high_x + b.low_x) / width - 1.0;
    double down = (double)(b.high_y + b.low_y) / height - 1.0;
    return 3 * black >= width * height && (wide > high ? wide : high) >= 0.6 &&
           fabs(right) <= 0.4 && fabs(down) <= 0.4;
}

/* The median of `count` levels. */
static int median_level(const size_t histogram[UINT8_MAX + 1], size_t count)
{
    int level = 0;
    for (size_t below = histogram[0]; 2 * below < count; below += histogram[level])
        level++;
    return level;
}

static placement place_ink(PIX *p, const md_picture_box *b, size_t rows, size_t columns)
{
    double mass = 0.0, x_sum = 0.0, y_sum = 0.0;
    for (int y = b->low_y; y < b->high_y; y++)
        for (int x = b->low_x; x < b->high_x; x++) {
            double ink = md_picture_at(p, x, y);
            mass += ink;
            x_sum += ink * (x + 0.5);
            y_sum += ink * (y + 0.5);
        }
    double across = (b->high_x - b->low_x) / (filled * (double)columns);
    double down = (b->high_y - b->low_y) / (filled * (double)rows);
    return (placement){x_sum / mass, y_sum / mass, across > down ? across : down};
}

/* How much of the picture's pixel number i lies between low and high. */
static double overlap(int i, double low, double high)
{
    double from = i > low ? i : low;
    double to = i + 1 < high ? i + 1 : high;
    return to - from;
}

/* The first whole pixel of an interval that may begin before the picture. */
static int first_pixel(double low)
{
    return low > 0.0 ? (int)low : 0;
}

/* Mean of a square of the picture, which is black outside its bounds. */
static double average(PIX *p, double x, double y, double side)
{
    double left = x - side / 2, right = x + side / 2, top = y - side / 2, bottom = y + side / 2;
    double sum = 0.0;
    for (int j = first_pixel(top); j < pixGetHeight(p) && j < bottom; j++) {
        double row = 0.0;
        for (int i = first_pixel(left); i < pixGetWidth(p) && i < right; i++)
            row += overlap(i, left, right) * md_picture_at(p, i, j);
        sum += overlap(j, top, bottom) * row;
    }
    return sum / (side * side);
}

/* The picture beneath one pixel of the frame. Enlarging keeps the square one pixel wide, which is
 * bilinear interpolation. `right` and `down` count from the frame's middle. */
static double sample(PIX *p, const placement *at, double right, double down)
{
    double side = at->pixel > 1.0 ? at->pixel : 1.0;
    return average(p, at->x + right * at->pixel, at->y + down * at->pixel, side);
}

/* Thin strokes fade when shrunk: brightens them until half of the ink reaches 240, MNIST's median
 * over its pixels above 64. */
static void brighten(uint8_t *pixels, size_t n)
{
    const int floor = 64, wanted = 240;
    size_t histogram[UINT8_MAX + 1] = {0}, count = 0;
    for (size_t i = 0; i < n; i++)
        if (pixels[i] > floor) {
            histogram[pixels[i]]++;
            count++;
        }
    int median = median_level(histogram, count);
    if (median <= floor || median >= wanted)
        return;
    for (size_t i = 0; i < n; i++) {
        int brighter = pixels[i] * wanted / median;
        pixels[i] = brighter < UINT8_MAX ? (uint8_t)brighter : UINT8_MAX;
    }
}

static md_status resample(PIX *p, const placement *at, size_t rows, size_t columns, uint8_t *out,
                          md_error *err)
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

/* Twice the area over the pixels along the edge. */
static double stroke_width(PIX *ink, const md_picture_box *b, int level)
{
    double area = 0.0, edge = 0.0;
    for (int y = b->low_y; y < b->high_y; y++)
        for (int x = b->low_x; x < b->high_x; x++) {
            if (md_picture_at(ink, x, y) <= level)
                continue;
            area += 1.0;
            edge += x == b->low_x || md_picture_at(ink, x - 1, y) <= level || x + 1 == b->high_x ||
                    md_picture_at(ink, x + 1, y) <= level || y == b->low_y ||
                    md_picture_at(ink, x, y - 1) <= level || y + 1 == b->high_y ||
                    md_picture_at(ink, x, y + 1) <= level;
        }
    return 2.0 * area / edge;
}

/* MNIST's pens are an eighth of their digits wide. Strokes of less than a twelfth are made a tenth;
 * NULL when memory ran out. */
static PIX *thicken(PIX *ink, int level)
{
    const md_picture_box b = md_picture_bounds(ink, level);
    int width = b.high_x - b.low_x, height = b.high_y - b.low_y;
    double side = width > height ? width : height, stroke = stroke_width(ink, &b, level);
    int grown = 1 + 2 * (int)((side / 10 - stroke) / 2 + 0.5);
    return stroke < side / 12 && grown > 1 ? pixDilateGray(ink, grown, grown) : pixClone(ink);
}

md_status md_picture_fit(PIX *ink, size_t rows, size_t columns, uint8_t *out, md_error *err)
{
    l_uint32 brightest = 0;
    pixGetMaxValueInRect(ink, NULL, &brightest, NULL, NULL);
    /* Less than a quarter of the brightest is a stroke's soft edge. */
    const int level = (int)brightest / 4;
    PIX *strokes = thicken(ink, level);
    if (!strokes)
        return md_fail_memory(err, "a picture", rows * columns);
    const md_picture_box b = md_picture_bounds(strokes, level);
    const placement at = place_ink(strokes, &b, rows, columns);
    md_status status = resample(strokes, &at, rows, columns, out, err);
    pixDestroy(&strokes);
    return status;
}
