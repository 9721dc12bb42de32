#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "picture.h"

/* The paper's level as a surface over the picture: c . (1, x, y, x^2, xy, y^2), x and y from -1 to
 * 1. Light falls off like that, and no digit looks like it. */
enum { TERMS = 6 };

typedef struct surface {
    double c[TERMS];
} surface;

/* Points on a grid over the picture, to fit the surface to. */
typedef struct points {
    size_t count;
    double (*terms)[TERMS];
    double *levels, *distances;
} points;

static void set_terms(double out[TERMS], PIX *grey, int column, int row)
{
    double x = (2.0 * column + 1.0) / pixGetWidth(grey) - 1.0;
    double y = (2.0 * row + 1.0) / pixGetHeight(grey) - 1.0;
    memcpy(out, (double[TERMS]){1.0, x, y, x * x, x * y, y * y}, sizeof(double[TERMS]));
}

static double level_of(const surface *s, const double terms[TERMS])
{
    double level = 0.0;
    for (int i = 0; i < TERMS; i++)
        level += s->c[i] * terms[i];
    return level;
}

static md_status take_points(PIX *grey, points *out, md_error *err)
{
    const int per_side = 128;
    int width = pixGetWidth(grey), height = pixGetHeight(grey);
    int step = 1 + (width > height ? width : height) / per_side;
    size_t most = (size_t)(width / step + 1) * (size_t)(height / step + 1);
    md_status status =
        md_allocate((void **)&out->terms, most, sizeof *out->terms, "a picture", err);
    if (!status)
        status = md_allocate((void **)&out->levels, most, sizeof(double), "a picture", err);
    if (!status)
        status = md_allocate((void **)&out->distances, most, sizeof(double), "a picture", err);
    for (int y = 0; !status && y < height; y += step)
        for (int x = 0; x < width; x += step, out->count++) {
            set_terms(out->terms[out->count], grey, x, y);
            out->levels[out->count] = md_picture_at(grey, x, y);
        }
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* Solves a symmetric positive definite system in place, by elimination. */
static void solve(double a[TERMS][TERMS], double b[TERMS], double x[TERMS])
{
    for (int i = 0; i < TERMS; i++)
        for (int j = i + 1; j < TERMS; j++) {
            double factor = a[j][i] / a[i][i];
            for (int k = i; k < TERMS; k++)
                a[j][k] -= factor * a[i][k];
            b[j] -= factor * b[i];
        }
    for (int i = TERMS - 1; i >= 0; i--) {
        x[i] = b[i];
        for (int k = i + 1; k < TERMS; k++)
            x[i] -= a[i][k] * x[k];
        x[i] /= a[i][i];
    }
}

/* The surface with the least squares to all points within `reach` of s. The little that is added
 * keeps slopes that the points say nothing about at 0. */
static surface fit_nearest(const points *p, const surface *s, double reach)
{
    double a[TERMS][TERMS] = {{0}}, b[TERMS] = {0};
    surface fitted = {{0}};
    for (size_t n = 0; n < p->count; n++) {
        if (fabs(p->levels[n] - level_of(s, p->terms[n])) > reach)
            continue;
        for (int i = 0; i < TERMS; i++) {
            b[i] += p->terms[n][i] * p->levels[n];
            for (int j = 0; j < TERMS; j++)
                a[i][j] += p->terms[n][i] * p->terms[n][j];
        }
    }
    for (int i = 1; i < TERMS; i++)
        a[i][i] += 1e-6 * (double)p->count;
    solve(a, b, fitted.c);
    return fitted;
}

/* The paper is most of the picture: from its median on, the surface is fitted again and again to
 * what lies near it, by the median distance (a robust standard deviation, times 2.5). */
static surface find_paper(points *p)
{
    const int rounds = 12;
    const double deviations = 2.5 * 1.4826, least = 2.0;
    memcpy(p->distances, p->levels, p->count * sizeof *p->levels);
    surface paper = {{median(p->distances, p->count)}};
    for (int round = 0; round < rounds; round++) {
        for (size_t n = 0; n < p->count; n++)
            p->distances[n] = fabs(p->levels[n] - level_of(&paper, p->terms[n]));
        double reach = deviations * median(p->distances, p->count);
        paper = fit_nearest(p, &paper, reach > least ? reach : least);
    }
    return paper;
}

/* Five robust standard deviations, and never less than eyes would notice. */
static int noise_of(const size_t by_distance[UINT8_MAX + 1], size_t count)
{
    const double deviations = 5.0 * 1.4826;
    const int least = 12;
    int distance = 0;
    for (size_t below = by_distance[0]; 2 * below < count; below += by_distance[distance])
        distance++;
    int noise = (int)(deviations * distance);
    return noise < least ? least : noise < UINT8_MAX ? noise : UINT8_MAX;
}

static void subtract_paper(PIX *grey, const surface *paper, md_picture_ink *out)
{
    size_t by_distance[UINT8_MAX + 1] = {0};
    int width = pixGetWidth(grey), height = pixGetHeight(grey);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double terms[TERMS];
            set_terms(terms, grey, x, y);
            double lighter = md_picture_at(grey, x, y) - level_of(paper, terms);
            int distance = (int)(fmin(fabs(lighter), UINT8_MAX) + 0.5);
            md_picture_put(out->sides[lighter > 0.0], x, y, distance);
            by_distance[distance]++;
        }
    out->noise = noise_of(by_distance, (size_t)width * (size_t)height);
}

md_status md_picture_separate(PIX *grey, md_picture_ink *out, md_error *err)
{
    points p = {0};
    *out = (md_picture_ink){0};
    for (int side = 0; side < 2; side++) {
        out->sides[side] = pixCreate(pixGetWidth(grey), pixGetHeight(grey), 8);
        if (!out->sides[side])
            return md_fail_memory(err, "a picture",
                                  (size_t)pixGetWidth(grey) * (size_t)pixGetHeight(grey));
    }
    md_status status = take_points(grey, &p, err);
    if (!status) {
        const surface paper = find_paper(&p);
        subtract_paper(grey, &paper, out);
    }
    free(p.terms);
    free(p.levels);
    free(p.distances);
    return status;
}

void md_picture_ink_free(md_picture_ink *ink)
{
    pixDestroy(&ink->sides[0]);
    pixDestroy(&ink->sides[1]);
}
