/* Products against plain loops, bit for bit. */
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

enum { A_TRANSPOSED = 1, B_TRANSPOSED = 2, WITH_START = 4 };

static int product_is_exact(const md_kernels *kernels, size_t rows, size_t columns, size_t depth,
                            int way)
{
    const int b_transposed = way & B_TRANSPOSED;
    float *a = noise(rows * depth, 1), *b = noise(depth * columns, 2);
    float *start = noise(columns, 3), *c = noise(rows * columns, 4);
    float *expected = noise(columns, 0);
    md_product p = {.rows = rows,
                    .columns = columns,
                    .depth = depth,
                    .a = a,
                    .a_row = way & A_TRANSPOSED ? 1 : depth,
                    .a_step = way & A_TRANSPOSED ? rows : 1,
                    .b = b,
                    .b_transposed = b_transposed != 0,
                    .start = way & WITH_START ? start : NULL,
                    .c = c};
    size_t wrong = 0;
    c[rows * columns] = 7.0f;
    kernels->product(&p);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++)
            expected[j] = way & WITH_START ? start[j] : 0.0f;
        for (size_t k = 0; k < depth; k++)
            for (size_t j = 0; j < columns; j++)
                expected[j] = fmaf(a[i * p.a_row + k * p.a_step],
                                   b[b_transposed ? j * depth + k : k * columns + j], expected[j]);
        wrong += memcmp(expected, c + i * columns, columns * sizeof *c) != 0;
    }
    int intact = c[rows * columns] == 7.0f;
    free(a);
    free(b);
    free(start);
    free(c);
    free(expected);
    return intact && wrong == 0;
}

static void check_products(const md_kernels *kernels)
{
    const size_t rows[] = {0, 1, 3, 4, 8, 13, 33}, columns[] = {1, 10, 16, 17, 64, 79, 128};
    const size_t depths[] = {0, 1, 15, 64, 256, 257, 600};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            for (size_t k = 0; k < sizeof depths / sizeof *depths; k++)
                CU_ASSERT(product_is_exact(kernels, rows[i], columns[j], depths[k],
                                           (int)(i + 3 * j + 5 * k) % 8));
}

/* As large as makes the kernel copy what it reads of either side. */
static void check_large_products(const md_kernels *kernels)
{
    const size_t sizes[][3] = {{150, 300, 270}, {300, 263, 33}, {17, 256, 290}, {64, 80, 100}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int way = 0; way < 8; way++)
            CU_ASSERT(product_is_exact(kernels, sizes[i][0], sizes[i][1], sizes[i][2], way));
}

static void products_of_every_shape_are_exact(void)
{
    md_for_every_set(check_products);
    md_for_every_set(check_large_products);
}

/* Tiles take rows by fours and eights, and single ones where some are left. */
static void check_rows_alone(const md_kernels *kernels)
{
    enum { ROWS = 13, COLUMNS = 90, DEPTH = 300 };
    float *a = noise(ROWS * DEPTH, 1), *b = noise(DEPTH * COLUMNS, 2);
    float *together = noise(ROWS * COLUMNS, 3), *alone = noise(COLUMNS, 4);
    md_product p = {.rows = ROWS,
                    .columns = COLUMNS,
                    .depth = DEPTH,
                    .a = a,
                    .a_row = DEPTH,
                    .a_step = 1,
                    .b = b,
                    .c = together};
    kernels->product(&p);
    p.rows = 1;
    p.c = alone;
    for (size_t i = 0; i < ROWS; i++) {
        p.a = a + i * DEPTH;
        kernels->product(&p);
        CU_ASSERT_EQUAL(memcmp(alone, together + i * COLUMNS, COLUMNS * sizeof *alone), 0);
    }
    free(a);
    free(b);
    free(together);
    free(alone);
}

static void a_row_has_the_same_bits_alone(void)
{
    md_for_every_set(check_rows_alone);
}

/* A number of a kind that rounding is hard for: any, small, subnormal, with few bits, infinite,
 * NaN. */
static float awkward(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint32_t bits = (uint32_t)(*state >> 32), exponent = bits >> 3 & 0xff;
    const uint32_t kinds[] = {bits,
                              bits & 0x807fffffu,
                              (bits & 0x80000003u) | exponent << 23,
                              (bits & 0x807fffffu) | 0x3f800000u,
                              (bits & 0x80ffffffu) | 0x3f000000u,
                              (bits & 0x80000000u) | exponent << 23 | (0x7fffffu ^ 1u << bits % 23),
                              (bits & 0x807fffffu) | 0x7e800000u,
                              bits & 64 ? bits | 0x7f800000u : bits & 0x80000000u};
    float x;
    memcpy(&x, &kinds[*state >> 61], sizeof x);
    return x;
}

/* What c must be for a b + c to lie near a middle between two floats, or to cancel nearly. */
static float opponent(float a, float b, uint64_t number)
{
    const float product = a * b;
    const double exact = (double)a * (double)b;
    switch (number % 3) {
    case 0:
        return -product;
    case 1:
        return (float)ldexp(exact, (int)(number / 3 % 120) - 60);
    default:
        return nextafterf(-product, number & 4 ? INFINITY : -INFINITY);
    }
}

/* One row, one term: c = start + a b. */
static void check_single_rounding(const md_kernels *kernels)
{
    enum { COLUMNS = 61, ROUNDS = 20000 };
    uint64_t state = 7;
    size_t wrong = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        float a = awkward(&state), b[COLUMNS], start[COLUMNS], c[COLUMNS];
        for (uint64_t j = 0; j < COLUMNS; j++) {
            b[j] = awkward(&state);
            start[j] = j % 2 ? awkward(&state) : opponent(a, b[j], round + j);
        }
        kernels->product(&(md_product){.rows = 1,
                                       .columns = COLUMNS,
                                       .depth = 1,
                                       .a = &a,
                                       .a_row = 1,
                                       .a_step = 1,
                                       .b = b,
                                       .start = start,
                                       .c = c});
        for (size_t j = 0; j < COLUMNS; j++) {
            float expected = fmaf(a, b[j], start[j]);
            wrong +=
                memcmp(&c[j], &expected, sizeof expected) != 0 && !(isnan(c[j]) && isnan(expected));
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void a_term_is_added_with_one_rounding(void)
{
    md_for_every_set(check_single_rounding);
}

const char md_suite[] = "nn.product";
CU_TestInfo md_tests[] = {
    {"products of every shape have the bits of a triple loop", products_of_every_shape_are_exact},
    {"a row has the same bits alone", a_row_has_the_same_bits_alone},
    {"a term is added with one rounding, whatever the numbers", a_term_is_added_with_one_rounding},
    CU_TEST_INFO_NULL};
