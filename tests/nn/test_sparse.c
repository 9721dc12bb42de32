/* The kernels over compressed rows against loops over every pixel, bit for bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "every_set.h"
#include "images.h"
#include "mnist_dist/base/memory.h"
#include "runner.h"

static const size_t batches[] = {0, 1, 15, 16, 17, 127, 130, 300};
static const size_t widths[] = {1, 10, 15, 16, 17, 64, 127, 128, 145, 200};
static const double densities[] = {0.0, 0.02, 0.19, 0.5, 1.0};

enum {
    BATCHES = sizeof batches / sizeof *batches,
    WIDTHS = sizeof widths / sizeof *widths,
    DENSITIES = sizeof densities / sizeof *densities
};

static float *noise(size_t count, uint64_t seed)
{
    float *x = calloc(count + 1, sizeof *x);
    if (!x)
        abort();
    md_fill_uniform(x, count, -1.0f, 1.0f, seed);
    return x;
}

/* Every element is the sum of its terms in ascending order, and the one behind the last is not
 * touched. */
static int forward_is_exact(const md_kernels *kernels, const md_images *images, size_t out)
{
    size_t in = images->pixels, n = images->n;
    float *w = noise(in * out, 1), *b = noise(out, 2), *y = noise(n * out, 3);
    float *expected = noise(out, 0);
    size_t wrong = 0;
    y[n * out] = 7.0f;
    kernels->sparse_forward(images->rows, n, w, b, out, y);
    for (size_t i = 0; i < n; i++) {
        memcpy(expected, b, out * sizeof *b);
        for (size_t p = 0; p < in; p++)
            md_add_multiple(images->floats[i * in + p], w + p * out, out, expected);
        wrong += memcmp(expected, y + i * out, out * sizeof *y) != 0;
    }
    int intact = y[n * out] == 7.0f;
    free(w);
    free(b);
    free(y);
    free(expected);
    return intact && wrong == 0;
}

/* dw of pixels first .. first + pixels - 1, a block of rows and two tiles of pixels at a time. */
static void compute_gradient(const md_kernels *kernels, const md_images *images, size_t first,
                             size_t pixels, const float *dy, size_t out, float *dw)
{
    void *scratch;
    if (md_allocate(&scratch, kernels->sparse_scratch(MD_SPARSE_BLOCK, pixels), 1, "scratch", NULL))
        abort();
    size_t at = 0;
    do {
        size_t left = images->n - at, n = left < MD_SPARSE_BLOCK ? left : MD_SPARSE_BLOCK;
        kernels->sparse_columns(images->rows + at, n, first, pixels, scratch);
        md_sparse_gradient p = {.scratch = scratch,
                                .n = n,
                                .pixels = pixels,
                                .count = pixels / 3,
                                .out = out,
                                .dy = dy + at * out,
                                .dw = dw,
                                .add = at > 0};
        kernels->sparse_gradient(&p);
        p.dw += p.count * out;
        p.begin = p.count;
        p.count = pixels - p.count;
        kernels->sparse_gradient(&p);
        at += MD_SPARSE_BLOCK;
    } while (at < images->n);
    free(scratch);
}

static int gradient_is_exact(const md_kernels *kernels, const md_images *images, size_t out)
{
    size_t in = images->pixels, n = images->n;
    float *dy = noise(n * out, 4), *dw = noise(in * out, 5);
    float *expected = noise(out, 0);
    size_t wrong = 0, half = in / 2;
    dw[0] = NAN; /* overwritten, not added to */
    dw[in * out] = 7.0f;
    compute_gradient(kernels, images, 0, half, dy, out, dw);
    compute_gradient(kernels, images, half, in - half, dy, out, dw + half * out);
    for (size_t p = 0; p < in; p++) {
        memset(expected, 0, out * sizeof *expected);
        for (size_t i = 0; i < n; i++)
            md_add_multiple(images->floats[i * in + p], dy + i * out, out, expected);
        wrong += memcmp(expected, dw + p * out, out * sizeof *dw) != 0;
    }
    int intact = dw[in * out] == 7.0f;
    free(dy);
    free(dw);
    free(expected);
    return intact && wrong == 0;
}

static void check_shapes(const md_kernels *kernels)
{
    for (size_t n = 0; n < BATCHES; n++)
        for (size_t d = 0; d < DENSITIES; d++) {
            md_images images = md_images_create(batches[n], 53, 10, densities[d]);
            for (size_t w = 0; w < WIDTHS; w++) {
                CU_ASSERT(forward_is_exact(kernels, &images, widths[w]));
                CU_ASSERT(gradient_is_exact(kernels, &images, widths[w]));
            }
            md_images_destroy(&images);
        }
}

static void every_shape_and_density_is_exact(void)
{
    md_for_every_set(check_shapes);
}

/* The network's own first layer, and one image size beyond 16 bits minus one. */
static void check_images(const md_kernels *kernels)
{
    md_images mnist = md_images_create(33, 784, 10, 0.19),
              large = md_images_create(2, 65536, 10, 0.3);
    CU_ASSERT(forward_is_exact(kernels, &mnist, 128));
    CU_ASSERT(gradient_is_exact(kernels, &mnist, 128));
    CU_ASSERT(forward_is_exact(kernels, &large, 3));
    CU_ASSERT(gradient_is_exact(kernels, &large, 3));
    md_images_destroy(&mnist);
    md_images_destroy(&large);
}

static void images_of_784_and_65536_pixels_are_exact(void)
{
    md_for_every_set(check_images);
}

const char md_suite[] = "nn.sparse";
CU_TestInfo md_tests[] = {
    {"every shape and density has the bits of a plain sum", every_shape_and_density_is_exact},
    {"images of 784 and of 65536 pixels do too", images_of_784_and_65536_pixels_are_exact},
    CU_TEST_INFO_NULL};
