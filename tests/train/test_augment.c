/* Moved images: a pure function of seed, epoch and image, and each move what its name says, by what
 * it does to a blob. */
#include <math.h>
#include <string.h>

#include "mnist_dist/train/augment.h"
#include "runner.h"

enum { SIDE = 29, PIXELS = SIDE * SIDE, MIDDLE = SIDE / 2, MANY = 400 };

static const md_augment_key key = {7, 3, 1234};

/* A round blob, `down` below the middle and `right` of it, and its mirror image if asked for. */
static void draw_blob(double down, double right, int both, float image[PIXELS])
{
    for (int i = 0; i < PIXELS; i++) {
        const double r = i / SIDE - MIDDLE, c = i % SIDE - MIDDLE;
        image[i] = (float)exp(-(pow(r - down, 2) + pow(c - right, 2)) / 4);
        if (both)
            image[i] += (float)exp(-(pow(r + down, 2) + pow(c + right, 2)) / 4);
    }
}

/* What ink there is, where its middle is, and how far from the image's middle on average. */
typedef struct ink {
    double all, down, right, away;
} ink;

static ink weigh(const float image[PIXELS])
{
    ink sum = {0};
    for (int i = 0; i < PIXELS; i++) {
        const double r = i / SIDE - MIDDLE, c = i % SIDE - MIDDLE, v = (double)image[i];
        sum.all += v;
        sum.down += v * r;
        sum.right += v * c;
        sum.away += v * sqrt(r * r + c * c);
    }
    return (ink){sum.all, sum.down / sum.all, sum.right / sum.all, sum.away / sum.all};
}

static ink moved(const md_augmentation *most, uint32_t image, const float from[PIXELS])
{
    float to[PIXELS];
    md_augment_image(most, &(md_augment_key){7, 3, image}, SIDE, SIDE, from, to);
    return weigh(to);
}

static void nothing_is_drawn_from_nothing(void)
{
    float from[PIXELS], to[PIXELS];
    draw_blob(3, -5, 0, from);
    md_augment_image(&(md_augmentation){0}, &key, SIDE, SIDE, from, to);
    CU_ASSERT_EQUAL(memcmp(from, to, sizeof to), 0);
}

static void a_move_depends_on_seed_epoch_and_image_alone(void)
{
    const md_augmentation most = {2, 15, 0.1, 5};
    const md_augment_key others[] = {{8, 3, 1234}, {7, 4, 1234}, {7, 3, 1235}};
    float from[PIXELS], first[PIXELS], again[PIXELS];
    draw_blob(3, -5, 0, from);
    md_augment_image(&most, &key, SIDE, SIDE, from, first);
    md_augment_image(&most, &key, SIDE, SIDE, from, again);
    CU_ASSERT_EQUAL(memcmp(first, again, sizeof first), 0);
    for (int i = 0; i < 3; i++) {
        md_augment_image(&most, &others[i], SIDE, SIDE, from, again);
        CU_ASSERT_NOT_EQUAL(memcmp(first, again, sizeof first), 0);
    }
}

/* A value that is drawn evenly from -most to most comes near both ends in so many draws. */
static void check_reach(double low, double high, double most)
{
    CU_ASSERT(low < -0.9 * most && low > -1.1 * most);
    CU_ASSERT(high > 0.9 * most && high < 1.1 * most);
}

static void shifts(void)
{
    float from[PIXELS];
    double low[2] = {0}, high[2] = {0};
    draw_blob(0, 0, 0, from);
    const double all = weigh(from).all;
    for (uint32_t i = 0; i < MANY; i++) {
        const ink m = moved(&(md_augmentation){.shift = 3}, i, from);
        const double way[2] = {m.down, m.right};
        CU_ASSERT_DOUBLE_EQUAL(m.all, all, 0.01 * all);
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], way[k]);
            high[k] = fmax(high[k], way[k]);
        }
    }
    check_reach(low[0], high[0], 3);
    check_reach(low[1], high[1], 3);
}

static void rotation(void)
{
    float from[PIXELS];
    double low = 0, high = 0;
    draw_blob(0, 8, 0, from);
    const ink before = weigh(from);
    for (uint32_t i = 0; i < MANY; i++) {
        const ink m = moved(&(md_augmentation){.rotation = 40}, i, from);
        const double angle = atan2(m.down, m.right) * 180 / 3.14159265358979;
        CU_ASSERT_DOUBLE_EQUAL(m.away, before.away, 0.1);
        low = fmin(low, angle);
        high = fmax(high, angle);
    }
    check_reach(low, high, 40);
}

static void zoom(void)
{
    float from[PIXELS];
    double low = 0, high = 0;
    draw_blob(0, 6, 1, from);
    const ink before = weigh(from);
    for (uint32_t i = 0; i < MANY; i++) {
        const ink m = moved(&(md_augmentation){.zoom = 0.2}, i, from);
        CU_ASSERT_DOUBLE_EQUAL(m.down, 0, 0.01);
        CU_ASSERT_DOUBLE_EQUAL(m.right, 0, 0.01);
        low = fmin(low, m.away / before.away - 1);
        high = fmax(high, m.away / before.away - 1);
    }
    check_reach(low, high, 0.2);
}

/* What is below the middle goes one way, and as far as it is below. */
static void shear(void)
{
    float from[PIXELS];
    double low = 0, high = 0;
    draw_blob(8, 0, 0, from);
    for (uint32_t i = 0; i < MANY; i++) {
        const ink m = moved(&(md_augmentation){.shear = 20}, i, from);
        const double angle = atan2(m.right, m.down) * 180 / 3.14159265358979;
        low = fmin(low, angle);
        high = fmax(high, angle);
    }
    check_reach(low, high, 20);
}

const char md_suite[] = "train.augment";
CU_TestInfo md_tests[] = {
    {"nothing is drawn from nothing", nothing_is_drawn_from_nothing},
    {"a move depends on seed, epoch and image alone", a_move_depends_on_seed_epoch_and_image_alone},
    {"shifts", shifts},
    {"rotation", rotation},
    {"zoom", zoom},
    {"shear", shear},
    CU_TEST_INFO_NULL};
