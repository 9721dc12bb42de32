/* exp, log, tanh and sigmoid against extended precision: the nearest float, for every argument in
 * every set: each STRIDE-th, or with MD_EVERY_FLOAT set all 2^32. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "every_set.h"
#include "runner.h"

enum { BLOCK = 4096, STRIDE = 4099, SHOWN = 5 };

static double exp_in_double(double x)
{
    return exp(x);
}

static double log_in_double(double x)
{
    return log(x);
}

static double tanh_in_double(double x)
{
    return tanh(x);
}

static double sigmoid_in_double(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static long double exp_exactly(long double x)
{
    return expl(x);
}

static long double tanh_exactly(long double x)
{
    return tanhl(x);
}

typedef struct judge {
    const char *name;
    int close; /* in the middle between two floats, as far as double can tell, either will do */
    double (*in_double)(double x);
    long double (*exactly)(long double x);
} judge;

static const judge judges[] = {{"exp", 0, exp_in_double, exp_exactly},
                               {"log", 1, log_in_double, NULL},
                               {"tanh", 0, tanh_in_double, tanh_exactly},
                               {"sigmoid", 1, sigmoid_in_double, NULL}};

enum { JUDGES = sizeof judges / sizeof *judges };

static void apply(const md_kernels *kernels, size_t number, float *x, size_t count)
{
    void (*const functions[JUDGES])(float *, size_t) = {kernels->exp, kernels->log, kernels->tanh,
                                                        kernels->sigmoid};
    functions[number](x, count);
}

static int same(float x, float y)
{
    return memcmp(&x, &y, sizeof x) == 0 || (isnan(x) && isnan(y));
}

/* Double decides where it is far enough from the middle between two floats. */
static int is_right(const judge *by, float x, float y)
{
    const double value = by->in_double((double)x), margin = fabs(value) * 0x1p-48;
    const float low = (float)(value - margin), high = (float)(value + margin);
    if (same(low, high) || by->close)
        return same(y, low) || same(y, high);
    return same(y, (float)by->exactly((long double)x));
}

static void fill(uint64_t first, uint64_t stride, float *x)
{
    for (uint64_t i = 0; i < BLOCK; i++) {
        uint32_t bits = (uint32_t)(first + i * stride);
        memcpy(&x[i], &bits, sizeof bits);
    }
}

/* How many results of a block differ from the judge's. */
static size_t check_block(const md_kernels *kernels, size_t number, uint64_t first, uint64_t stride)
{
    static float x[BLOCK], y[BLOCK];
    size_t wrong = 0;
    fill(first, stride, x);
    memcpy(y, x, sizeof y);
    apply(kernels, number, y, BLOCK);
    for (size_t i = 0; i < BLOCK; i++) {
        if (is_right(&judges[number], x[i], y[i]))
            continue;
        if (wrong++ < SHOWN)
            printf("%s, %s(%a): %a\n", kernels->name, judges[number].name, (double)x[i],
                   (double)y[i]);
    }
    return wrong;
}

static void check_nearest(const md_kernels *kernels)
{
    const uint64_t stride = getenv("MD_EVERY_FLOAT") ? 1 : STRIDE;
    for (size_t number = 0; number < JUDGES; number++) {
        size_t wrong = 0;
        for (uint64_t first = 0; first >> 32 == 0; first += BLOCK * stride)
            wrong += check_block(kernels, number, first, stride);
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

static void functions_give_the_nearest_float(void)
{
    md_for_every_set(check_nearest);
}

/* Counts that leave a rest, and the ends of what is defined. */
static void check_ends(const md_kernels *kernels)
{
    const float ends[] = {0.0f,     -0.0f,       1.0f,           -1.0f,     FLT_MAX,
                          -FLT_MAX, FLT_MIN,     FLT_TRUE_MIN,   88.72f,    89.0f,
                          -103.97f, -104.0f,     INFINITY,       -INFINITY, NAN,
                          -NAN,     0x1.8p-149f, 0x1.fffffep-1f, 0x1p-126f};
    enum { ENDS = sizeof ends / sizeof *ends };
    for (size_t number = 0; number < JUDGES; number++)
        for (size_t count = 0; count <= ENDS; count++) {
            float y[ENDS + 1];
            memcpy(y, ends, sizeof ends);
            y[ENDS] = 7.0f;
            apply(kernels, number, y, count);
            size_t wrong = y[ENDS] != 7.0f;
            for (size_t i = 0; i < ENDS; i++)
                wrong +=
                    i < count ? !is_right(&judges[number], ends[i], y[i]) : !same(y[i], ends[i]);
            CU_ASSERT_EQUAL(wrong, 0);
        }
}

static void the_ends_of_the_range_are_those_of_the_standard(void)
{
    md_for_every_set(check_ends);
}

const char md_suite[] = "nn.elementary";
CU_TestInfo md_tests[] = {
    {"exp, log, tanh and sigmoid give the nearest float", functions_give_the_nearest_float},
    {"the ends of the range are those of the standard",
     the_ends_of_the_range_are_those_of_the_standard},
    CU_TEST_INFO_NULL};
