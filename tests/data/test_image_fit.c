/* How a picture of any size becomes what the model was trained on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "mnist_dist/data/image.h"
#include "png_encoder.h"
#include "runner.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE };

/* A grey picture to be drawn on. */
typedef struct page {
    size_t width, height;
    uint8_t *grey;
} page;

static page blank(size_t width, size_t height, int paper)
{
    page p = {width, height, malloc(width * height)};
    memset(p.grey, paper, width * height);
    return p;
}

static void fill(page *p, size_t x, size_t y, size_t width, size_t height, int ink)
{
    for (size_t row = y; row < y + height; row++)
        memset(p->grey + row * p->width + x, ink, width);
}

static void invert(page *p)
{
    for (size_t i = 0; i < p->width * p->height; i++)
        p->grey[i] = (uint8_t)(255 - p->grey[i]);
}

/* The page through a PGM file. */
static md_status read_page(const page *p, size_t rows, size_t columns, uint8_t *out, md_error *err)
{
    char folder[TEST_PATH], path[TEST_PATH];
    uint8_t *bytes = malloc(64 + p->width * p->height);
    size_t size = (size_t)sprintf((char *)bytes, "P5 %zu %zu 255\n", p->width, p->height);
    memcpy(bytes + size, p->grey, p->width * p->height);
    test_folder(folder);
    md_fixture_write(folder, "page.pgm", bytes, size + p->width * p->height);
    md_status status = md_image_read(test_path(folder, "page.pgm", path), MD_IMAGE_FITTED, rows,
                                     columns, out, err);
    test_folder_remove(folder);
    free(bytes);
    return status;
}

/* Reads a page, which is then freed, into a frame. */
static void fit(page *p, uint8_t out[PIXELS])
{
    md_error err = {0};
    CU_ASSERT_EQUAL(read_page(p, SIDE, SIDE, out, &err), MD_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    free(p->grey);
}

typedef struct measure {
    int width, height; /* of the ink above half */
    double x, y;       /* centre of mass, from the frame's middle */
    int brightest;
} measure;

static measure measure_ink(const uint8_t image[PIXELS])
{
    int left = SIDE, right = -1, top = SIDE, bottom = -1;
    double mass = 0, x = 0, y = 0;
    measure m = {0};
    for (int i = 0; i < PIXELS; i++) {
        mass += image[i];
        x += image[i] * (i % SIDE - 13.5);
        y += image[i] * (i / SIDE - 13.5);
        m.brightest = image[i] > m.brightest ? image[i] : m.brightest;
        if (image[i] < 128)
            continue;
        left = i % SIDE < left ? i % SIDE : left;
        right = i % SIDE > right ? i % SIDE : right;
        top = i / SIDE < top ? i / SIDE : top;
        bottom = i / SIDE > bottom ? i / SIDE : bottom;
    }
    m.width = right - left + 1;
    m.height = bottom - top + 1;
    m.x = x / mass;
    m.y = y / mass;
    return m;
}

/* A thick capital L, of `unit` pixels a step, somewhere on a page. */
static page letter(size_t unit, size_t x, size_t y)
{
    page p = blank(x + 12 * unit, y + 15 * unit, 0);
    fill(&p, x, y, 2 * unit, 10 * unit, 255);
    fill(&p, x, y + 8 * unit, 6 * unit, 2 * unit, 255);
    return p;
}

static double difference(const uint8_t a[PIXELS], const uint8_t b[PIXELS])
{
    double sum = 0;
    for (int i = 0; i < PIXELS; i++)
        sum += abs(a[i] - b[i]);
    return sum / (double)PIXELS;
}

static void ink_fills_twenty_pixels_and_is_centred_by_mass(void)
{
    const size_t units[] = {1, 2, 7, 40, 111};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint8_t out[PIXELS];
        page p = letter(units[i], 5, 9);
        fit(&p, out);
        measure m = measure_ink(out);
        CU_ASSERT(m.height >= 19 && m.height <= 21);
        CU_ASSERT(m.width >= 11 && m.width <= 13);
        CU_ASSERT(fabs(m.x) < 0.3 && fabs(m.y) < 0.3);
        CU_ASSERT_EQUAL(m.brightest, 255);
        CU_ASSERT_EQUAL(out[0], 0);
    }
}

static void place_and_size_do_not_matter(void)
{
    uint8_t here[PIXELS], there[PIXELS], larger[PIXELS];
    page p = letter(6, 2, 3);
    fit(&p, here);
    p = letter(6, 200, 100);
    fit(&p, there);
    CU_ASSERT_EQUAL(memcmp(here, there, sizeof here), 0);
    p = letter(18, 30, 10);
    fit(&p, larger);
    CU_ASSERT(difference(here, larger) < 1.0);
}

static void dark_ink_on_light_paper_is_inverted(void)
{
    uint8_t light[PIXELS], dark[PIXELS];
    page p = letter(9, 20, 30);
    fit(&p, light);
    p = letter(9, 20, 30);
    invert(&p);
    fit(&p, dark);
    CU_ASSERT_EQUAL(memcmp(light, dark, sizeof light), 0);
}

static void grey_paper_and_faint_ink_become_black_and_white(void)
{
    uint8_t out[PIXELS], expected[PIXELS];
    page p = letter(9, 20, 30);
    fit(&p, expected);
    p = letter(9, 20, 30);
    for (size_t i = 0; i < p.width * p.height; i++)
        p.grey[i] = p.grey[i] ? 150 : 200;
    fit(&p, out);
    CU_ASSERT(difference(out, expected) < 1.0);
}

static void a_wide_mark_keeps_its_shape(void)
{
    uint8_t out[PIXELS];
    page p = blank(300, 100, 255);
    fill(&p, 50, 40, 200, 20, 0);
    fit(&p, out);
    measure m = measure_ink(out);
    CU_ASSERT_EQUAL(m.width, 20);
    CU_ASSERT_EQUAL(m.height, 2);
}

/* One pixel in sixty: shrunk alone it would be grey. */
static void thin_strokes_stay_visible(void)
{
    uint8_t out[PIXELS];
    page p = blank(1400, 1400, 255);
    fill(&p, 200, 200, 3, 1000, 0);
    fill(&p, 200, 200, 500, 3, 0);
    fit(&p, out);
    int bright = 0;
    for (int i = 0; i < PIXELS; i++)
        bright += out[i] >= 200;
    CU_ASSERT(bright >= 20);
}

/* Of the model's size, in ink of 255 on 0, and on paper of 170 in ink of 60. */
static page training_image(const md_fixture_data *digits, size_t n, int on_paper)
{
    page p = blank(SIDE, SIDE, 0);
    memcpy(p.grey, digits->images[0] + n * PIXELS, PIXELS);
    for (int i = 0; on_paper && i < PIXELS; i++)
        p.grey[i] = (uint8_t)(170 - p.grey[i] * 110 / 255);
    return p;
}

static void a_training_image_is_taken_as_it_is(void)
{
    md_fixture_data digits;
    CU_ASSERT_EQUAL_FATAL(md_fixture_load("synthetic:60", &digits, NULL), MD_OK);
    for (size_t n = 0; n < 60; n++) {
        uint8_t out[PIXELS];
        page p = training_image(&digits, n, 0);
        fit(&p, out);
        CU_ASSERT_EQUAL(memcmp(out, digits.images[0] + n * PIXELS, PIXELS), 0);
    }
    md_fixture_free(&digits);
}

static void as_is_means_untouched(void)
{
    char folder[TEST_PATH], path[TEST_PATH];
    uint8_t bytes[64 + PIXELS], out[PIXELS];
    md_error err;
    int size = sprintf((char *)bytes, "P5 %d %d 255\n", SIDE, SIDE);
    for (int i = 0; i < PIXELS; i++)
        bytes[size + i] = (uint8_t)(200 - i % 100);
    test_folder(folder);
    md_fixture_write(folder, "page.pgm", bytes, (size_t)size + PIXELS);
    test_path(folder, "page.pgm", path);
    CU_ASSERT_EQUAL(md_image_read(path, MD_IMAGE_AS_IS, SIDE, SIDE, out, &err), MD_OK);
    CU_ASSERT_EQUAL(memcmp(out, bytes + size, PIXELS), 0);
    CU_ASSERT_EQUAL(md_image_read(path, MD_IMAGE_AS_IS, SIDE, SIDE + 1, out, &err), MD_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(err.text, "28 x 28 pixels, but --as-is needs the model's 28 x 29"));
    test_folder_remove(folder);
}

/* The training image that differs least. */
static size_t nearest(const md_fixture_data *digits, const uint8_t image[PIXELS])
{
    size_t best = 0;
    for (size_t i = 1; i < digits->shape.images[0]; i++)
        if (difference(image, digits->images[0] + i * PIXELS) <
            difference(image, digits->images[0] + best * PIXELS))
            best = i;
    return best;
}

/* Exactly the model's size makes no difference. */
static void grey_paper_of_the_right_size_is_no_training_image(void)
{
    md_fixture_data digits;
    CU_ASSERT_EQUAL_FATAL(md_fixture_load("synthetic:200", &digits, NULL), MD_OK);
    for (size_t n = 0; n < 200; n++) {
        uint8_t out[PIXELS];
        page p = training_image(&digits, n, 1);
        fit(&p, out);
        CU_ASSERT_EQUAL(out[0], 0);
        CU_ASSERT_EQUAL(digits.labels[0][nearest(&digits, out)], digits.labels[0][n]);
    }
    md_fixture_free(&digits);
}

/* A dim photograph, and what it shows without what `spoil` adds. */
static page photograph(void)
{
    page p = letter(9, 60, 70);
    for (size_t i = 0; i < p.width * p.height; i++)
        p.grey[i] = p.grey[i] ? 20 : 120;
    return p;
}

static void expect_unspoiled(void (*spoil)(page *))
{
    uint8_t out[PIXELS], expected[PIXELS];
    page p = photograph();
    fit(&p, expected);
    measure m = measure_ink(expected);
    CU_ASSERT(m.height >= 19 && m.height <= 21 && m.brightest == 255 && expected[0] == 0);
    p = photograph();
    spoil(&p);
    fit(&p, out);
    CU_ASSERT(difference(out, expected) < 4.0);
}

static void add_specks(page *p)
{
    fill(p, 0, 0, 1, 1, 0);
    fill(p, 30, 20, 6, 5, 0);
    fill(p, p->width - 20, 50, 3, 3, 255);
    fill(p, 100, 30, 1, 1, 0);
}

static void add_strip(page *p)
{
    fill(p, 0, 0, p->width, 7, 0);
}

static void add_half_a_strip(page *p)
{
    fill(p, p->width - 5, p->height / 2, 5, p->height - p->height / 2, 0);
}

static void add_frame(page *p)
{
    add_strip(p);
    fill(p, 0, 0, 9, p->height, 255);
    fill(p, 0, p->height - 3, p->width, 3, 0);
    fill(p, p->width - 4, 0, 4, p->height, 0);
}

/* From 0.6 of the light on the left to all of it on the right. */
static void add_shade(page *p)
{
    for (size_t i = 0; i < p->width * p->height; i++)
        p->grey[i] =
            (uint8_t)(p->grey[i] * (0.6 + 0.4 * (double)(i % p->width) / (double)p->width));
}

static void add_noise(page *p)
{
    unsigned state = 1;
    for (size_t i = 0; i < p->width * p->height; i++) {
        int noise = 0;
        for (int k = 0; k < 4; k++, state = state * 1664525 + 1013904223)
            noise += (int)(state >> 24) % 5 - 2;
        int level = p->grey[i] + noise;
        p->grey[i] = (uint8_t)(level > 0 ? level : 0);
    }
}

static void (*const spoilers[])(page *) = {add_specks, add_strip, add_half_a_strip,
                                           add_frame,  add_shade, add_noise};
enum { SPOILERS = sizeof spoilers / sizeof *spoilers };

static void what_is_no_part_of_the_strokes_is_left_out(void)
{
    for (int i = 0; i < SPOILERS; i++)
        expect_unspoiled(spoilers[i]);
}

static void two_strokes_stay_together(void)
{
    uint8_t out[PIXELS];
    page p = blank(200, 200, 230);
    fill(&p, 60, 40, 60, 12, 30); /* above a gap, as many write a five */
    fill(&p, 60, 60, 12, 80, 30);
    fit(&p, out);
    measure m = measure_ink(out);
    CU_ASSERT(m.height >= 19 && m.width >= 11);
}

/* Also where the ink is light, and lies nearer to black than the paper to white. */
static void the_larger_area_is_the_paper(void)
{
    const int shades[][2] = {{255, 130}, {130, 255}, {125, 0}, {0, 125}, {60, 110}, {200, 150}};
    uint8_t out[PIXELS], expected[PIXELS];
    page p = letter(9, 20, 30);
    fit(&p, expected);
    for (size_t k = 0; k < sizeof shades / sizeof *shades; k++) {
        p = letter(9, 20, 30);
        for (size_t i = 0; i < p.width * p.height; i++)
            p.grey[i] = (uint8_t)shades[k][p.grey[i] != 0];
        fit(&p, out);
        CU_ASSERT(difference(out, expected) < 1.0);
    }
}

static void ink_on_transparency_is_read_whatever_its_colour(void)
{
    uint8_t out[PIXELS], expected[PIXELS];
    page p = letter(9, 20, 30);
    uint16_t *samples = malloc(2 * p.width * p.height * sizeof *samples);
    md_png_spec spec = {
        (unsigned)p.width, (unsigned)p.height, 8, MD_PNG_GREY_ALPHA, 0, NULL, NULL, 0};
    for (int colour = 0; colour < 256; colour += 51) {
        char folder[TEST_PATH], path[TEST_PATH];
        md_error err;
        size_t size;
        for (size_t i = 0; i < p.width * p.height; i++) {
            samples[2 * i] = (uint16_t)colour;
            samples[2 * i + 1] = p.grey[i];
        }
        uint8_t *png = md_png_encode(&spec, samples, &size);
        test_folder(folder);
        md_fixture_write(folder, "ink.png", png, size);
        test_path(folder, "ink.png", path);
        CU_ASSERT_EQUAL(md_image_read(path, MD_IMAGE_FITTED, SIDE, SIDE, out, &err), MD_OK);
        test_folder_remove(folder);
        free(png);
        if (colour == 0)
            memcpy(expected, out, sizeof out);
        CU_ASSERT_EQUAL(memcmp(out, expected, sizeof out), 0);
    }
    free(samples);
    fit(&p, out);
    CU_ASSERT(difference(out, expected) < 1.0);
}

/* Scaling back moves a digit by parts of a pixel, but never makes it look like another one. */
static void an_enlarged_digit_comes_back(void)
{
    md_fixture_data digits;
    CU_ASSERT_EQUAL_FATAL(md_fixture_load("synthetic:200", &digits, NULL), MD_OK);
    for (size_t n = 0; n < 200; n++) {
        const uint8_t *digit = digits.images[0] + n * PIXELS;
        uint8_t out[PIXELS];
        page p = blank(8 * SIDE, 8 * SIDE, 0);
        for (size_t i = 0; i < 64 * PIXELS; i++)
            p.grey[i] = digit[i / (8 * SIDE) / 8 * SIDE + i % (8 * SIDE) / 8];
        fit(&p, out);
        CU_ASSERT_EQUAL(digits.labels[0][nearest(&digits, out)], digits.labels[0][n]);
    }
    md_fixture_free(&digits);
}

static void frames_of_other_shapes_are_filled(void)
{
    uint8_t out[56 * 14];
    md_error err;
    page p = letter(9, 20, 30);
    CU_ASSERT_EQUAL(read_page(&p, 56, 14, out, &err), MD_OK);
    int columns = 0, rows = 0;
    for (int i = 0; i < 14; i++)
        columns += out[56 / 2 * 14 + i] > 127 || out[40 * 14 + i] > 127;
    for (int i = 0; i < 56; i++)
        rows += memchr(out + 14 * i, 255, 14) != NULL;
    CU_ASSERT(columns > 0 && rows >= 15 && rows <= 18);
    CU_ASSERT_EQUAL(read_page(&p, 1, 1, out, &err), MD_OK);
    CU_ASSERT_EQUAL(out[0], 255);
    free(p.grey);
}

static void a_blank_page_is_refused(void)
{
    const size_t sizes[][2] = {{1, 1}, {1, 50}, {50, 1}, {40, 30}};
    for (int i = 0; i < 4; i++)
        for (int paper = 0; paper < 256; paper += 51) {
            uint8_t out[PIXELS];
            md_error err;
            page p = blank(sizes[i][0], sizes[i][1], paper);
            CU_ASSERT_EQUAL(read_page(&p, SIDE, SIDE, out, &err), MD_BAD_DATA);
            CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no ink found"));
            CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "page.pgm"));
            free(p.grey);
        }
}

static void refused(page *p)
{
    uint8_t out[PIXELS];
    md_error err;
    CU_ASSERT_EQUAL(read_page(p, SIDE, SIDE, out, &err), MD_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no ink found"));
    free(p->grey);
}

static void a_single_dot_is_no_ink(void)
{
    page p = blank(1000, 3, 255);
    fill(&p, 999, 1, 1, 1, 0);
    refused(&p);
}

static void spoiled_blank_pages_stay_blank(void)
{
    const size_t sizes[][2] = {{SIDE, SIDE}, {300, 200}};
    for (int i = 0; i < 2 * SPOILERS; i++) {
        /* On a page of 28 x 28 these are not small. */
        if (i < SPOILERS && (spoilers[i] == add_specks || spoilers[i] == add_frame))
            continue;
        page p = blank(sizes[i / SPOILERS][0], sizes[i / SPOILERS][1], 120);
        spoilers[i % SPOILERS](&p);
        refused(&p);
    }
}

const char md_suite[] = "data.image_fit";
CU_TestInfo md_tests[] = {
    {"ink fills twenty pixels and is centred by mass",
     ink_fills_twenty_pixels_and_is_centred_by_mass},
    {"place and size do not matter", place_and_size_do_not_matter},
    {"dark ink on light paper is inverted", dark_ink_on_light_paper_is_inverted},
    {"grey paper and faint ink become black and white",
     grey_paper_and_faint_ink_become_black_and_white},
    {"a wide mark keeps its shape", a_wide_mark_keeps_its_shape},
    {"thin strokes stay visible", thin_strokes_stay_visible},
    {"a training image is taken as it is", a_training_image_is_taken_as_it_is},
    {"as is means untouched", as_is_means_untouched},
    {"grey paper of the right size is no training image",
     grey_paper_of_the_right_size_is_no_training_image},
    {"what is no part of the strokes is left out", what_is_no_part_of_the_strokes_is_left_out},
    {"two strokes stay together", two_strokes_stay_together},
    {"the larger area is the paper", the_larger_area_is_the_paper},
    {"ink on transparency is read whatever its colour",
     ink_on_transparency_is_read_whatever_its_colour},
    {"an enlarged digit comes back", an_enlarged_digit_comes_back},
    {"frames of other shapes are filled", frames_of_other_shapes_are_filled},
    {"a blank page is refused", a_blank_page_is_refused},
    {"a single dot is no ink", a_single_dot_is_no_ink},
    {"spoiled blank pages stay blank", spoiled_blank_pages_stay_blank},
    CU_TEST_INFO_NULL};
