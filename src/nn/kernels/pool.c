/* The largest value, or the mean, of each window of an image: a vector of channels at a time, which
 * stays in a register while it goes over the window. */
#include "set.h"

/* One window's pixels inside the image. */
typedef struct window {
    size_t rows, columns;
    size_t first; /* of them, in the image */
    size_t at;    /* among all windows' values */
} window;

/* Of one image; what a kernel does not need is NULL. */
typedef struct pooling {
    const md_sliding *w;
    const float *x, *y, *dy;
    float *to;
    int add; /* to what is there, since windows overlap */
} pooling;

/* Window number `number` of one way: its first pixel, and how many it has. */
static size_t begin_of(const md_sliding *w, int way, size_t number, size_t *pixels)
{
    const size_t before = w->before[way], first = number * w->stride, end = before + w->in[way];
    const size_t begin = first > before ? first : before;
    *pixels = (first + w->size < end ? first + w->size : end) - begin;
    return begin - before;
}

static window window_at(const md_sliding *w, size_t row, size_t column)
{
    window v = {.at = (row * w->out[1] + column) * w->channels};
    const size_t top = begin_of(w, 0, row, &v.rows), left = begin_of(w, 1, column, &v.columns);
    v.first = (top * w->in[1] + left) * w->channels;
    return v;
}

/* `lanes` channels of one window from `channel` on. */
typedef void visit(const pooling *p, const window *v, size_t channel, size_t lanes);

MD_INLINE void slide(const pooling *p, visit *each)
{
    const md_sliding *w = p->w;
    for (size_t row = 0; row < w->out[0]; row++)
        for (size_t column = 0; column < w->out[1]; column++) {
            const window v = window_at(w, row, column);
            size_t channel = 0;
            for (; channel + LANES <= w->channels; channel += LANES)
                each(p, &v, channel, LANES);
            if (channel < w->channels)
                each(p, &v, channel, w->channels - channel);
        }
}

/* Where the window's pixel (row, column) has its channel. */
MD_INLINE size_t pixel_of(const pooling *p, const window *v, size_t row, size_t column,
                          size_t channel)
{
    return v->first + (row * p->w->in[1] + column) * p->w->channels + channel;
}

/* So that NaN stays NaN, as in relu. */
MD_INLINE vec larger_of(vec x, vec y)
{
    /* NOLINTNEXTLINE(misc-redundant-expression): NaN is not equal to itself */
    const mask take_x = (x > y) | (x != x);
    return (vec)(((mask)x & take_x) | ((mask)y & ~take_x));
}

MD_INLINE void take_largest(const pooling *p, const window *v, size_t channel, size_t lanes)
{
    vec top = take(p->x + v->first + channel, lanes);
    for (size_t r = 0; r < v->rows; r++)
        for (size_t c = 0; c < v->columns; c++)
            top = larger_of(take(p->x + pixel_of(p, v, r, c, channel), lanes), top);
    put(p->to + v->at + channel, top, lanes);
}

void MD_SET(max_pool)(const md_sliding *w, const float *x, float *y)
{
    slide(&(pooling){.w = w, .x = x, .to = y}, take_largest);
}

MD_INLINE void add_to(const pooling *p, size_t at, vec given, size_t lanes)
{
    const vec there = p->add ? take(p->to + at, lanes) : (vec){0};
    put(p->to + at, there + given, lanes);
}

/* What is `left` of the gradient goes where the largest value is. */
MD_INLINE void give_to_largest(const pooling *p, const window *v, size_t channel, size_t lanes)
{
    const vec top = take(p->y + v->at + channel, lanes);
    vec left = take(p->dy + v->at + channel, lanes);
    for (size_t r = 0; r < v->rows; r++)
        for (size_t c = 0; c < v->columns; c++) {
            const size_t at = pixel_of(p, v, r, c, channel);
            const mask lower = take(p->x + at, lanes) < top;
            add_to(p, at, (vec)((mask)left & ~lower), lanes);
            left = (vec)((mask)left & lower);
        }
}

/* Windows that lie side by side and fill the image write each pixel once; others add to zeros. */
static void spread(pooling *p, visit *each)
{
    const md_sliding *w = p->w;
    for (int way = 0; way < 2; way++)
        p->add |= w->stride != w->size || w->out[way] * w->size != w->in[way];
    if (p->add)
        memset(p->to, 0, w->in[0] * w->in[1] * w->channels * sizeof *p->to);
    slide(p, each);
}

void MD_SET(max_pool_gradient)(const md_sliding *w, const float *x, const float *y, const float *dy,
                               float *dx)
{
    spread(&(pooling){.w = w, .x = x, .y = y, .dy = dy, .to = dx}, give_to_largest);
}

MD_INLINE vec pixels_in(const window *v)
{
    return (vec){0} + (float)(v->rows * v->columns);
}

MD_INLINE void take_mean(const pooling *p, const window *v, size_t channel, size_t lanes)
{
    vec sum = {0};
    for (size_t r = 0; r < v->rows; r++)
        for (size_t c = 0; c < v->columns; c++)
            sum += take(p->x + pixel_of(p, v, r, c, channel), lanes);
    put(p->to + v->at + channel, sum / pixels_in(v), lanes);
}

void MD_SET(mean_pool)(const md_sliding *w, const float *x, float *y)
{
    slide(&(pooling){.w = w, .x = x, .to = y}, take_mean);
}

MD_INLINE void give_to_all(const pooling *p, const window *v, size_t channel, size_t lanes)
{
    const vec part = take(p->dy + v->at + channel, lanes) / pixels_in(v);
    for (size_t r = 0; r < v->rows; r++)
        for (size_t c = 0; c < v->columns; c++)
            add_to(p, pixel_of(p, v, r, c, channel), part, lanes);
}

void MD_SET(mean_pool_gradient)(const md_sliding *w, const float *dy, float *dx)
{
    spread(&(pooling){.w = w, .dy = dy, .to = dx}, give_to_all);
}
