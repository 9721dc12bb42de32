#include "mnist_dist/train/augment.h"

#include "mnist_dist/base/rng.h"

/* For a pixel `(row, column)` away from the middle: where it comes from. */
typedef struct map {
    double rows[2], columns[2], shift[2];
} map;

static const double half_turn = 3.14159265358979323846;

/* Of up to half a turn, by their series: a C library's need not have the same bits on every
 * machine. `first` is x for the sine and 1 for the cosine, whose factorials are even. */
static double series(double x, double first, int even)
{
    enum { TERMS = 20 }; /* the next is below 1e-20 */
    double term = first, sum = first;
    for (int k = 1; k < TERMS; k++) {
        term *= -x * x / (double)(2 * k * (even ? 2 * k - 1 : 2 * k + 1));
        sum += term;
    }
    return sum;
}

static double sine(double x)
{
    return series(x, x, 0);
}

static double cosine(double x)
{
    return series(x, 1.0, 1);
}

/* From -most to most, from a number in [0, 1). */
static double either_way(double most, float chance)
{
    return most * (2.0 * (double)chance - 1.0);
}

/* What is drawn is how the image comes about from what was: the turn of a zoomed, sheared one. */
static map draw(const md_augmentation *most, const md_augment_key *key)
{
    const md_rng_key chance = {key->seed, MD_STREAM_AUGMENTATION, key->epoch};
    enum { DRAWN = 5 };
    float u[DRAWN];
    md_rng_uniform(&chance, (uint64_t)key->image * 2, u, DRAWN);
    const double turn = either_way(most->rotation, u[2]) * half_turn / 180.0;
    const double slant = either_way(most->shear, u[4]) * half_turn / 180.0;
    const double zoom = 1.0 / (1.0 + either_way(most->zoom, u[3]));
    const double c = zoom * cosine(turn), s = zoom * sine(turn);
    const double shear = sine(slant) / cosine(slant);
    return (map){.rows = {c - s * shear, -s},
                 .columns = {s + c * shear, c},
                 .shift = {either_way(most->shift, u[0]), either_way(most->shift, u[1])}};
}

/* Between which two of `extent` pixels a place is, and how far from the first. */
typedef struct between {
    size_t first, second;
    float part;
} between;

static between find(double place, size_t extent)
{
    const double last = (double)(extent - 1);
    if (!(place > 0.0))
        return (between){0, 0, 0.0f};
    if (place >= last)
        return (between){extent - 1, extent - 1, 0.0f};
    const size_t first = (size_t)place;
    return (between){first, first + 1, (float)(place - (double)first)};
}

static float mix(float a, float b, float part)
{
    return a + part * (b - a);
}

void md_augment_image(const md_augmentation *most, const md_augment_key *key, size_t rows,
                      size_t columns, const float *from, float *to)
{
    const map m = draw(most, key);
    const double middle[2] = {(double)(rows - 1) / 2.0, (double)(columns - 1) / 2.0};
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double r = (double)i - middle[0], c = (double)j - middle[1];
            const between y = find(m.rows[0] * r + m.rows[1] * c + m.shift[0] + middle[0], rows);
            const between x =
                find(m.columns[0] * r + m.columns[1] * c + m.shift[1] + middle[1], columns);
            const float *above = from + y.first * columns, *below = from + y.second * columns;
            to[i * columns + j] = mix(mix(above[x.first], above[x.second], x.part),
                                      mix(below[x.first], below[x.second], x.part), y.part);
        }
}
