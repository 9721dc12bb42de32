/* What replicas on different CPUs must agree on, bit for bit, in every set and at every alignment;
 * and that it is right, against extended precision. */
#include <string.h>

#include "every_set.h"
#include "images.h"
#include "runner.h"

enum { MOST = 1000, PAD = 3 };
static const size_t counts[] = {0, 1, 15, 16, 17, 127, 256, 257, MOST};
enum { COUNTS = sizeof counts / sizeof *counts };

/* Everything the functions take, at an odd address when `shift` is not 0. */
typedef struct arena {
    float g[MOST + PAD], w[MOST + PAD], m[MOST + PAD], v[MOST + PAD];
    double squares;
} arena;

/* Zeros, tiny and huge values among ordinary ones. */
static void fill(arena *a, size_t shift)
{
    const float odd[] = {0.0f, -0.0f, 1e-30f, -1e-38f, 1e-42f, 300.0f, -1e8f, 0x1p-41f};
    memset(a, 0, sizeof *a);
    md_fill_uniform(a->g + shift, MOST, -1.0f, 1.0f, 1);
    md_fill_uniform(a->w + shift, MOST, -0.1f, 0.1f, 2);
    md_fill_uniform(a->m + shift, MOST, -0.1f, 0.1f, 3);
    md_fill_uniform(a->v + shift, MOST, 0.0f, 0.01f, 4);
    for (size_t i = 0; i < MOST; i += 5)
        a->g[shift + i] = odd[i / 5 % 8];
    for (size_t i = 0; i < MOST; i += 11)
        a->m[shift + i] = a->v[shift + i] = 0.0f;
}

static const md_adam_step adam_step = {.gradient_scale = 1.0f / 96.0f,
                                       .step_size = 1.7e-3f,
                                       .gain_1 = 0.1f,
                                       .gain_2 = 0.001f,
                                       .epsilon = 1e-7f,
                                       .decay = 3e-5f};
static const md_sgd_step sgd_step = {1.0f / 96.0f, 0.01f, 0.9f};

static void run_all(const md_kernels *k, arena *a, size_t shift, size_t count)
{
    float *g = a->g + shift, *w = a->w + shift, *m = a->m + shift, *v = a->v + shift;
    k->adam(&adam_step, count, g, w, m, v);
    k->adam(&adam_step, count, g, w, m, v);
    k->sgd(&sgd_step, count, g, w, m);
    a->squares = k->square_sum(v, count);
}

static int same(const arena *a, size_t a_shift, const arena *b, size_t b_shift)
{
    size_t floats = MOST * sizeof(float);
    return memcmp(a->g + a_shift, b->g + b_shift, floats) == 0 &&
           memcmp(a->w + a_shift, b->w + b_shift, floats) == 0 &&
           memcmp(a->m + a_shift, b->m + b_shift, floats) == 0 &&
           memcmp(a->v + a_shift, b->v + b_shift, floats) == 0 &&
           memcmp(&a->squares, &b->squares, sizeof a->squares) == 0;
}

static void check_bits(const md_kernels *kernels)
{
    size_t sets;
    const md_kernels *const *available = md_kernels_available(&sets);
    static arena expected, got;
    for (size_t c = 0; c < COUNTS; c++)
        for (size_t shift = 0; shift <= PAD; shift++) {
            fill(&expected, 0);
            run_all(available[sets - 1], &expected, 0, counts[c]);
            fill(&got, shift);
            run_all(kernels, &got, shift, counts[c]);
            CU_ASSERT(same(&expected, 0, &got, shift));
        }
}

static void every_set_gives_the_same_bits(void)
{
    md_for_every_set(check_bits);
}

static void check_square_sum(const md_kernels *kernels)
{
    float x[MOST];
    for (size_t c = 0; c < COUNTS; c++) {
        long double sum = 0.0L;
        md_fill_uniform(x, MOST, -1.0f, 1.0f, 9);
        for (size_t i = 0; i < counts[c]; i++)
            sum += (long double)x[i] * (long double)x[i];
        CU_ASSERT_DOUBLE_EQUAL(kernels->square_sum(x, counts[c]), (double)sum, 1e-12);
    }
}

static void squares_are_summed_in_double(void)
{
    md_for_every_set(check_square_sum);
}

const char md_suite[] = "nn.same_bits";
CU_TestInfo md_tests[] = {
    {"every set gives the same bits at every alignment", every_set_gives_the_same_bits},
    {"squares are summed in double", squares_are_summed_in_double},
    CU_TEST_INFO_NULL};
