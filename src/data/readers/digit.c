#include "digit.h"

#include <math.h>
#include <string.h>

#include "mnist_dist/base/rng.h"

enum {
    CLASSES = 10,
    VARIANTS = 2,
    MAX_POINTS = 16,  /* of a glyph */
    SUBDIVISIONS = 4, /* line segments from one point to the next */
    MAX_SEGMENTS = MAX_POINTS * SUBDIVISIONS,
    INK_SIDE = 20, /* the ink's longer side in pixels, as in MNIST */
    STRIP = 8,     /* pixels inked at once */
    STRIDE = MD_DIGIT_SIDE + STRIP,
    GRAIN_WORDS = 8 /* of four pixels each: a row */
};

/* Ways to write each digit: points as x and y on a grid of ten by ten that a smooth curve runs
 * through; ',' is a corner (a new curve from the last point), '|' lifts the pen. */
static const char *const glyphs[CLASSES][VARIANTS] = {
    {"50 21 04 18 49 78 94 81 50", "60 30 13 06 29 69 94 72 41"},
    {"50 55 59", "33 50 , 54 59"},
    {"12 30 60 82 65 27 09 , 48 99", "12 40 81 74 38 19 07 36 58 99"},
    {"11 40 81 63 34 , 75 87 59 08", "00 80 , 44 , 75 87 59 08"},
    {"30 15 , 95 | 71 69", "70 06 , 96 | 70 69"},
    {"90 20 , 14 , 43 85 78 39 08", "20 14 , 53 86 68 29 08 | 20 90"},
    {"70 32 06 18 59 87 65 34 16", "50 23 06 28 69 86 54 25"},
    {"00 90 , 65 49", "01 90 , 65 39 | 25 75"},
    {"81 40 12 34 66 78 49 17 26 64 82 71", "50 21 23 54 82 71 50 | 54 16 28 59 87 85 54"},
    {"81 40 12 24 65 82 , 75 59", "80 40 12 35 72 80 , 85 69 29"},
};

/* Where in an image's stream of random numbers each use begins. */
enum { HAND_DRAW = 0, GRAIN_DRAW = 100, LABEL_DRAW = 1000 };

typedef struct point {
    float x, y;
} point;

typedef struct segment {
    point from, to;
} segment;

typedef struct drawing {
    segment segments[MAX_SEGMENTS];
    int count;
} drawing;

/* Ink from 0 to 1; columns past the frame take what a strip leaves there. */
typedef struct canvas {
    float ink[MD_DIGIT_SIDE][STRIDE];
} canvas;

/* What makes one writing differ from another, all uniform in their range. */
typedef struct hand {
    int variant;
    float width;    /* of the digit's box, for height 1 */
    float slant;    /* x shift per unit of height */
    float turn;     /* tangent of half the angle of rotation */
    float radius;   /* of the pen, pixels */
    float pressure; /* brightest ink, 0 to 255 */
    float jitter[2 * MAX_POINTS];
} hand;

static md_rng_key key_of(uint32_t image)
{
    const uint64_t seed = 0x6d6e697374; /* "mnist"; never the run's seed */
    return (md_rng_key){.seed = seed, .stream = MD_STREAM_SYNTHETIC, .high = image};
}

int md_digit_label(uint32_t image)
{
    md_rng_key key = key_of(image / CLASSES);
    float u[CLASSES];
    md_rng_uniform(&key, LABEL_DRAW, u, CLASSES);
    int digits[CLASSES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int i = 0; i < CLASSES; i++) {
        int j = i + (int)(u[i] * (float)(CLASSES - i)), kept = digits[i];
        digits[i] = digits[j];
        digits[j] = kept;
    }
    return digits[image % CLASSES];
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static float clamp(float value, float low, float high)
{
    return smaller(larger(value, low), high);
}

static float between(float u, float low, float high)
{
    return low + u * (high - low);
}

static hand draw_hand(const md_rng_key *key)
{
    enum { TRAITS = 8 };
    const float jitter = 0.115f; /* of the box, either way */
    float u[TRAITS + 2 * MAX_POINTS];
    md_rng_uniform(key, HAND_DRAW, u, sizeof u / sizeof *u);
    hand h = {.variant = (int)(u[0] * (float)VARIANTS),
              .width = between(u[1], 0.45f, 1.0f),
              .slant = between(u[2], -0.3f, 0.5f),
              .turn = between(u[3], -0.15f, 0.15f),
              .radius = between(u[4], 0.7f, 1.9f),
              .pressure = between(u[5], 200.0f, 290.0f)};
    for (int i = 0; i < 2 * MAX_POINTS; i++)
        h.jitter[i] = between(u[TRAITS + i], -jitter, jitter);
    return h;
}

/* Slants, then rotates; the sine and cosine follow from the tangent of half the angle. */
static point place(const hand *h, float x, float y)
{
    float slanted = (x - 0.5f) * h->width - (y - 0.5f) * h->slant;
    float scale = 1.0f / (1.0f + h->turn * h->turn);
    float cosine = (1.0f - h->turn * h->turn) * scale, sine = 2.0f * h->turn * scale;
    return (point){cosine * slanted - sine * (y - 0.5f), sine * slanted + cosine * (y - 0.5f)};
}

/* The Catmull-Rom spline through b and c at t in [0, 1]. */
static float spline(float a, float b, float c, float d, float t)
{
    float slope_b = 0.5f * (c - a), slope_c = 0.5f * (d - b);
    float k3 = 2.0f * (b - c) + slope_b + slope_c, k2 = 3.0f * (c - b) - 2.0f * slope_b - slope_c;
    return ((k3 * t + k2) * t + slope_b) * t + b;
}

static void add_curve(drawing *d, const point *p, int n)
{
    for (int i = 0; i + 1 < n; i++) {
        point before = p[i > 0 ? i - 1 : 0], after = p[i + 2 < n ? i + 2 : n - 1], from = p[i];
        for (int k = 1; k <= SUBDIVISIONS; k++) {
            float t = (float)k / (float)SUBDIVISIONS;
            point to = {spline(before.x, p[i].x, p[i + 1].x, after.x, t),
                        spline(before.y, p[i].y, p[i + 1].y, after.y, t)};
            d->segments[d->count++] = (segment){from, to};
            from = to;
        }
    }
}

static void write_glyph(const char *glyph, const hand *h, drawing *d)
{
    point curve[MAX_POINTS] = {{0.0f, 0.0f}};
    int n = 0, used = 0;
    d->count = 0;
    for (const char *c = glyph; *c; c++) {
        if (*c >= '0' && *c <= '9') {
            float x = (float)(c[0] - '0') / 9.0f + h->jitter[used++];
            float y = (float)(c[1] - '0') / 9.0f + h->jitter[used++];
            curve[n++] = place(h, x, y);
            c++;
        } else if (*c == ',') {
            add_curve(d, curve, n);
            curve[0] = curve[n - 1];
            n = 1;
        } else if (*c == '|') {
            add_curve(d, curve, n);
            n = 0;
        }
    }
    add_curve(d, curve, n);
}

/* Scales and moves the ink's box to be INK_SIDE pixels long and centred in the frame. */
static void fit(drawing *d, float radius)
{
    /* Farther out than any stroke of the unit box. */
    point low = {MD_DIGIT_SIDE, MD_DIGIT_SIDE}, high = {-MD_DIGIT_SIDE, -MD_DIGIT_SIDE};
    for (int i = 0; i < d->count; i++) {
        const segment *s = &d->segments[i];
        low.x = smaller(low.x, smaller(s->from.x, s->to.x));
        low.y = smaller(low.y, smaller(s->from.y, s->to.y));
        high.x = larger(high.x, larger(s->from.x, s->to.x));
        high.y = larger(high.y, larger(s->from.y, s->to.y));
    }
    const float side = MD_DIGIT_SIDE;
    float scale = ((float)INK_SIDE - 2.0f * radius) / larger(high.x - low.x, high.y - low.y);
    float x = 0.5f * (side - scale * (low.x + high.x));
    float y = 0.5f * (side - scale * (low.y + high.y));
    for (int i = 0; i < d->count; i++) {
        segment *s = &d->segments[i];
        s->from = (point){scale * s->from.x + x, scale * s->from.y + y};
        s->to = (point){scale * s->to.x + x, scale * s->to.y + y};
    }
}

/* How far a pen of this reach covers the point (x, y) while it moves along the segment. */
static float cover(const segment *s, point along, float inverse_length2, float reach, float x,
                   float y)
{
    x -= s->from.x;
    y -= s->from.y;
    float t = clamp((x * along.x + y * along.y) * inverse_length2, 0.0f, 1.0f);
    x -= t * along.x;
    y -= t * along.y;
    return clamp(reach - sqrtf(x * x + y * y), 0.0f, 1.0f);
}

/* Inks the pixels around a segment, in strips as wide as a few vector registers; the edge is one
 * pixel wide. */
static void ink_segment(const segment *s, float radius, canvas *c)
{
    const float reach = radius + 0.5f;
    point along = {s->to.x - s->from.x, s->to.y - s->from.y};
    float inverse = 1.0f / (along.x * along.x + along.y * along.y + 1e-12f);
    int left = (int)clamp(smaller(s->from.x, s->to.x) - reach, 0, MD_DIGIT_SIDE - 1);
    int right = (int)clamp(larger(s->from.x, s->to.x) + reach, 0, MD_DIGIT_SIDE - 1);
    int top = (int)clamp(smaller(s->from.y, s->to.y) - reach, 0, MD_DIGIT_SIDE - 1);
    int bottom = (int)clamp(larger(s->from.y, s->to.y) + reach, 0, MD_DIGIT_SIDE - 1);
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x += STRIP)
            for (int k = 0; k < STRIP; k++) {
                float ink = cover(s, along, inverse, reach, (float)(x + k) + 0.5f, (float)y + 0.5f);
                c->ink[y][x + k] = larger(c->ink[y][x + k], ink);
            }
}

/* From a centre of mass to the frame's centre, never so far that ink would leave the frame. */
static int whole_shift(float centre)
{
    const int most = (MD_DIGIT_SIDE - INK_SIDE) / 2 - 1;
    float shift = clamp(0.5f * (MD_DIGIT_SIDE - 1) - centre, (float)-most, (float)most);
    return (int)(shift + (float)most + 0.5f) - most;
}

/* Whole pixels to move the ink by so that its centre of mass becomes the frame's centre. */
static void centring_shift(const canvas *c, int *right, int *down)
{
    float mass = 0.0f, sum_x = 0.0f, sum_y = 0.0f;
    for (int y = 0; y < MD_DIGIT_SIDE; y++)
        for (int x = 0; x < MD_DIGIT_SIDE; x++) {
            mass += c->ink[y][x];
            sum_x += c->ink[y][x] * (float)x;
            sum_y += c->ink[y][x] * (float)y;
        }
    *right = whole_shift(sum_x / mass);
    *down = whole_shift(sum_y / mass);
}

/* A row's paper grain: one byte a pixel. */
static void draw_grain(const md_rng_key *key, int row, uint32_t grain[GRAIN_WORDS])
{
    uint64_t draw = GRAIN_DRAW + (uint64_t)row * GRAIN_WORDS;
    for (size_t i = 0; i < GRAIN_WORDS; i += 4)
        md_rng_block(key, draw + i, grain + i);
}

/* Moves the ink into place and gives it the pen's pressure and the paper's grain. */
static void develop(const md_rng_key *key, float pressure, const canvas *c,
                    uint8_t out[MD_DIGIT_PIXELS])
{
    int right, down;
    centring_shift(c, &right, &down);
    memset(out, 0, MD_DIGIT_PIXELS);
    for (int y = 0; y < MD_DIGIT_SIDE; y++) {
        uint32_t grain[GRAIN_WORDS];
        draw_grain(key, y, grain);
        for (int x = 0; x < MD_DIGIT_SIDE; x++) {
            if (c->ink[y][x] <= 0.0f)
                continue;
            float rough = (float)(grain[x / 4] >> (x % 4 * 8) & 0xff) / 255.0f;
            float ink = c->ink[y][x] * pressure * between(rough, 0.75f, 1.25f);
            out[(y + down) * MD_DIGIT_SIDE + x + right] = (uint8_t)smaller(ink, 255.0f);
        }
    }
}

void md_digit_draw(uint32_t image, uint8_t out[MD_DIGIT_PIXELS])
{
    md_rng_key key = key_of(image);
    hand h = draw_hand(&key);
    drawing d;
    write_glyph(glyphs[md_digit_label(image)][h.variant], &h, &d);
    fit(&d, h.radius);
    canvas c = {0};
    for (int i = 0; i < d.count; i++)
        ink_segment(&d.segments[i], h.radius, &c);
    develop(&key, h.pressure, &c, out);
}
