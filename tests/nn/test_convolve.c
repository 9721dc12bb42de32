/* Convolution and pooling against plain loops: the products bit for bit, in every set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "every_set.h"
#include "images.h"
#include "runner.h"

static float *noise(size_t count, uint64_t seed)
{
    float *x = calloc(count + 1, sizeof *x);
    if (!x)
        abort();
    md_fill_uniform(x, count, -1.0f, 1.0f, seed);
    return x;
}

/* b and start have rows that are filled up with zeros. */
static float *wide_noise(size_t rows, size_t columns, uint64_t seed)
{
    const size_t row = md_convolve_row(columns);
    float *x = noise(rows * row, seed);
    for (size_t i = 0; i < rows; i++)
        memset(x + i * row + columns, 0, (row - columns) * sizeof *x);
    return x;
}

typedef struct shape {
    size_t rows, columns, segments, depth;
    int with_start, add, relu;
} shape;

/* One row of c as it must be. */
static void expect_row(const md_convolution *p, size_t i, float *sum)
{
    const size_t row = md_convolve_row(p->columns);
    for (size_t j = 0; j < p->columns; j++)
        sum[j] = p->add ? p->c[i * p->columns + j] : p->start ? p->start[j] : 0.0f;
    for (size_t s = 0; s < p->segments; s++)
        for (size_t k = 0; k < p->depth; k++)
            md_add_multiple(p->a[p->place[i] + s * p->a_segment + k * p->a_step],
                            p->b + (s * p->depth + k) * row, p->columns, sum);
    for (size_t j = 0; j < p->columns; j++)
        sum[j] = p->relu && sum[j] < 0.0f ? 0.0f : sum[j];
}

static int convolution_is_exact(const md_kernels *kernels, const shape *s)
{
    enum { SEGMENT = 37, STEP = 2, PLACE = 5 };
    const size_t size = s->rows * PLACE + s->segments * SEGMENT + s->depth * STEP;
    float *a = noise(size, 1), *b = wide_noise(s->segments * s->depth, s->columns, 2);
    float *start = wide_noise(1, s->columns, 3), *c = noise(s->rows * s->columns, 4);
    float *expected = noise(s->rows * s->columns, 5);
    size_t *place = calloc(s->rows + 1, sizeof *place);
    if (!place)
        abort();
    for (size_t i = 0; i < s->rows; i++)
        place[i] = (s->rows - 1 - i) * PLACE;
    const md_convolution p = {.rows = s->rows,
                              .columns = s->columns,
                              .segments = s->segments,
                              .depth = s->depth,
                              .a = a,
                              .place = place,
                              .a_segment = SEGMENT,
                              .a_step = STEP,
                              .b = b,
                              .start = s->with_start ? start : NULL,
                              .c = c,
                              .add = s->add,
                              .relu = s->relu};
    for (size_t i = 0; i < s->rows; i++)
        expect_row(&p, i, expected + i * s->columns);
    c[s->rows * s->columns] = 7.0f;
    kernels->convolve(&p);
    const int exact = c[s->rows * s->columns] == 7.0f &&
                      memcmp(c, expected, s->rows * s->columns * sizeof *c) == 0;
    free(a);
    free(b);
    free(start);
    free(c);
    free(expected);
    free(place);
    return exact;
}

static void check_convolutions(const md_kernels *kernels)
{
    const size_t rows[] = {0, 1, 5, 6, 7, 8, 9, 15, 31},
                 columns[] = {1, 6, 10, 12, 16, 32, 40, 64, 99};
    int way = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            for (size_t segments = 0; segments < 4; segments++, way++) {
                const shape s = {.rows = rows[i],
                                 .columns = columns[j],
                                 .segments = segments,
                                 .depth = 3 + j,
                                 .with_start = way % 2,
                                 .add = way % 3 == 0,
                                 .relu = way % 5 < 2};
                CU_ASSERT(convolution_is_exact(kernels, &s));
            }
}

static void convolutions_of_every_shape_are_exact(void)
{
    md_for_every_set(check_convolutions);
}

static void check_nan(const md_kernels *kernels)
{
    const size_t place[] = {0};
    const float a[] = {NAN, -1.0f};
    float b[16] = {1.0f}, c[2];
    md_convolution p = {
        .rows = 1, .columns = 1, .segments = 1, .depth = 1, .place = place, .b = b, .relu = 1};
    for (int i = 0; i < 2; i++) {
        p.a = a + i;
        p.c = c + i;
        kernels->convolve(&p);
    }
    CU_ASSERT(isnan(c[0]));
    CU_ASSERT(c[1] >= 0.0f && c[1] <= 0.0f);
    const md_sliding windows = {{1, 2}, {1, 1}, {0, 0}, 1, 2, 2};
    kernels->max_pool(&windows, a, c);
    CU_ASSERT(isnan(c[0]));
}

static void what_is_no_number_stays_none(void)
{
    md_for_every_set(check_nan);
}

/* The window's pixels that lie in the image, one after another; their number. */
static size_t pixels_of(const md_sliding *w, size_t row, size_t column, size_t *pixels)
{
    size_t count = 0;
    for (size_t i = row * w->stride; i < row * w->stride + w->size; i++)
        for (size_t j = column * w->stride; j < column * w->stride + w->size; j++)
            if (i >= w->before[0] && i < w->before[0] + w->in[0] && j >= w->before[1] &&
                j < w->before[1] + w->in[1])
                pixels[count++] = (i - w->before[0]) * w->in[1] + j - w->before[1];
    return count;
}

enum { MOST = 16, CHANNELS = 70 };

static void pool(const md_sliding *w, const float *x, const float *dy, float *top, float *mean,
                 float *dtop, float *dmean)
{
    for (size_t row = 0; row < w->out[0]; row++)
        for (size_t column = 0; column < w->out[1]; column++)
            for (size_t c = 0; c < w->channels; c++, dy++, top++, mean++) {
                size_t pixels[MOST] = {0}, best = 0;
                const size_t count = pixels_of(w, row, column, pixels);
                *mean = 0.0f;
                for (size_t k = 0; k < count; k++) {
                    const float value = x[pixels[k] * w->channels + c];
                    best = value > x[pixels[best] * w->channels + c] ? k : best;
                    *mean += value;
                }
                *mean /= (float)count;
                *top = x[pixels[best] * w->channels + c];
                dtop[pixels[best] * w->channels + c] += *dy;
                for (size_t k = 0; k < count; k++)
                    dmean[pixels[k] * w->channels + c] += *dy / (float)count;
            }
}

static void check_pool(const md_kernels *kernels, const md_window *window)
{
    const md_shape in = {3, {9, 7, CHANNELS}};
    const md_sliding w = md_window_slide(window, &in);
    const size_t before = md_shape_size(&in), after = w.out[0] * w.out[1] * w.channels;
    float *x = noise(before, 1), *dy = noise(after, 2), *y = noise(after, 3),
          *dx = noise(before, 4);
    float *top = noise(after, 5), *mean = noise(after, 6), *dtop = calloc(before, sizeof *dtop);
    float *dmean = calloc(before, sizeof *dmean);
    for (size_t i = 0; i < before; i += 2)
        x[i] = 0.25f; /* that many are largest */
    pool(&w, x, dy, top, mean, dtop, dmean);
    kernels->max_pool(&w, x, y);
    CU_ASSERT_EQUAL(memcmp(y, top, after * sizeof *y), 0);
    kernels->max_pool_gradient(&w, x, y, dy, dx);
    CU_ASSERT_EQUAL(memcmp(dx, dtop, before * sizeof *dx), 0);
    kernels->mean_pool(&w, x, y);
    CU_ASSERT_EQUAL(memcmp(y, mean, after * sizeof *y), 0);
    kernels->mean_pool_gradient(&w, dy, dx);
    CU_ASSERT_EQUAL(memcmp(dx, dmean, before * sizeof *dx), 0);
    float *all[] = {x, dy, y, dx, top, mean, dtop, dmean};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void check_pools(const md_kernels *kernels)
{
    for (int size = 1; size <= 4; size++)
        for (int stride = 1; stride <= 5; stride++)
            for (int padding = 0; padding < 2; padding++)
                check_pool(kernels, &(md_window){size, stride, (md_padding)padding});
}

static void pools_take_what_is_in_their_windows(void)
{
    md_for_every_set(check_pools);
}

/* As TensorFlow's documentation counts them. */
static void windows_are_where_keras_has_them(void)
{
    static const struct {
        md_window window;
        size_t in, out, before;
    } cases[] = {{{3, 1, MD_PADDING_VALID}, 28, 26, 0}, {{3, 1, MD_PADDING_SAME}, 28, 28, 1},
                 {{5, 2, MD_PADDING_VALID}, 28, 12, 0}, {{5, 2, MD_PADDING_SAME}, 28, 14, 1},
                 {{2, 2, MD_PADDING_SAME}, 7, 4, 0},    {{2, 2, MD_PADDING_VALID}, 7, 3, 0},
                 {{2, 1, MD_PADDING_SAME}, 7, 7, 0},    {{1, 3, MD_PADDING_SAME}, 7, 3, 0},
                 {{8, 1, MD_PADDING_VALID}, 7, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const md_shape in = {3, {cases[i].in, cases[i].in, 1}};
        const md_sliding w = md_window_slide(&cases[i].window, &in);
        CU_ASSERT_EQUAL(w.out[0], cases[i].out);
        CU_ASSERT_EQUAL(w.before[1], cases[i].before);
    }
}

const char md_suite[] = "nn.convolve";
CU_TestInfo md_tests[] = {
    {"convolutions of every shape are exact", convolutions_of_every_shape_are_exact},
    {"what is no number stays none", what_is_no_number_stays_none},
    {"pools take what is in their windows", pools_take_what_is_in_their_windows},
    {"windows are where Keras has them", windows_are_where_keras_has_them},
    CU_TEST_INFO_NULL};
