/* The largest value, or the mean, of each window of an image, channel by channel: loops over the
 * channels that the compiler vectorises. */
#include "set.h"

/* One window: its pixels in the image, and the first of its channels among all windows'. */
typedef struct window {
    size_t top, bottom, left, right;
    size_t at;
} window;

static void bounds(const md_sliding *w, int way, size_t number, size_t *begin, size_t *end)
{
    const size_t before = w->before[way], first = number * w->stride, behind = first + w->size;
    *begin = first > before ? first - before : 0;
    *end = (behind < before + w->in[way] ? behind : before + w->in[way]) - before;
}

static window window_at(const md_sliding *w, size_t row, size_t column)
{
    window v = {.at = (row * w->out[1] + column) * w->channels};
    bounds(w, 0, row, &v.top, &v.bottom);
    bounds(w, 1, column, &v.left, &v.right);
    return v;
}

static size_t place_of(const md_sliding *w, size_t row, size_t column)
{
    return (row * w->in[1] + column) * w->channels;
}

MD_INLINE void take_largest(const float *restrict x, float *restrict y, size_t channels)
{
    for (size_t c = 0; c < channels; c++) /* so that NaN stays NaN, as in relu */
        y[c] = __builtin_isunordered(x[c], y[c]) ? x[c] + y[c] : x[c] > y[c] ? x[c] : y[c];
}

void MD_SET(max_pool)(const md_sliding *w, const float *x, float *y)
{
    for (size_t row = 0; row < w->out[0]; row++)
        for (size_t column = 0; column < w->out[1]; column++) {
            const window v = window_at(w, row, column);
            float *top = y + v.at;
            memcpy(top, x + place_of(w, v.top, v.left), w->channels * sizeof *top);
            for (size_t r = v.top; r < v.bottom; r++)
                for (size_t c = v.left; c < v.right; c++)
                    take_largest(x + place_of(w, r, c), top, w->channels);
        }
}

enum { CHANNELS = 64 }; /* at a time */

/* What is `left` of the gradient goes where the largest value is. */
MD_INLINE void give_to_largest(const float *restrict x, const float *restrict y,
                               float *restrict left, float *restrict dx, size_t channels)
{
    for (size_t c = 0; c < channels; c++) {
        const float given = x[c] < y[c] ? 0.0f : left[c];
        dx[c] += given;
        left[c] = x[c] < y[c] ? left[c] : 0.0f;
    }
}

static void spread_largest(const md_sliding *w, const window *v, const float *x, const float *y,
                           const float *dy, float *dx)
{
    float left[CHANNELS];
    for (size_t first = 0; first < w->channels; first += CHANNELS) {
        const size_t rest = w->channels - first, channels = rest < CHANNELS ? rest : CHANNELS;
        memcpy(left, dy + v->at + first, channels * sizeof *left);
        for (size_t r = v->top; r < v->bottom; r++)
            for (size_t c = v->left; c < v->right; c++) {
                const size_t at = place_of(w, r, c) + first;
                give_to_largest(x + at, y + v->at + first, left, dx + at, channels);
            }
    }
}

static size_t image_size(const md_sliding *w)
{
    return w->in[0] * w->in[1] * w->channels;
}

void MD_SET(max_pool_gradient)(const md_sliding *w, const float *x, const float *y, const float *dy,
                               float *dx)
{
    memset(dx, 0, image_size(w) * sizeof *dx);
    for (size_t row = 0; row < w->out[0]; row++)
        for (size_t column = 0; column < w->out[1]; column++) {
            const window v = window_at(w, row, column);
            spread_largest(w, &v, x, y, dy, dx);
        }
}

static float pixels_in(const window *v)
{
    return (float)((v->bottom - v->top) * (v->right - v->left));
}

void MD_SET(mean_pool)(const md_sliding *w, const float *restrict x, float *restrict y)
{
    for (size_t row = 0; row < w->out[0]; row++)
        for (size_t column = 0; column < w->out[1]; column++) {
            const window v = window_at(w, row, column);
            float *mean = y + v.at;
            memset(mean, 0, w->channels * sizeof *mean);
            for (size_t r = v.top; r < v.bottom; r++)
                for (size_t c = v.left; c < v.right; c++)
                    for (size_t k = 0; k < w->channels; k++)
                        mean[k] += x[place_of(w, r, c) + k];
            for (size_t k = 0; k < w->channels; k++)
                mean[k] /= pixels_in(&v);
        }
}

void MD_SET(mean_pool_gradient)(const md_sliding *w, const float *restrict dy, float *restrict dx)
{
    memset(dx, 0, image_size(w) * sizeof *dx);
    for (size_t row = 0; row < w->out[0]; row++)
        for (size_t column = 0; column < w->out[1]; column++) {
            const window v = window_at(w, row, column);
            for (size_t r = v.top; r < v.bottom; r++)
                for (size_t c = v.left; c < v.right; c++)
                    for (size_t k = 0; k < w->channels; k++)
                        dx[place_of(w, r, c) + k] += dy[v.at + k] / pixels_in(&v);
        }
}
