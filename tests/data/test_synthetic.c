/* Digits that the program draws itself. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "mnist_dist/base/digest.h"
#include "runner.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE };

static md_fixture_data load(const char *where)
{
    md_fixture_data data;
    md_error err;
    CU_ASSERT_EQUAL_FATAL(md_fixture_load(where, &data, &err), MD_OK);
    return data;
}

static void the_default_is_twelve_thousand_and_a_sixth_for_the_test(void)
{
    md_source *source;
    CU_ASSERT_EQUAL_FATAL(md_source_open(&(md_source_wishes){.where = "synthetic"}, &source, NULL),
                          MD_OK);
    const md_source_shape *shape = md_source_get_shape(source);
    CU_ASSERT(shape->rows == SIDE && shape->columns == SIDE);
    CU_ASSERT(shape->images[MD_SPLIT_TRAIN] == 12000 && shape->images[MD_SPLIT_TEST] == 2000);
    md_source_close(&source);
    CU_ASSERT_PTR_NULL(source);
    md_fixture_data one = load("synthetic:1");
    CU_ASSERT(one.shape.images[MD_SPLIT_TRAIN] == 1 && one.shape.images[MD_SPLIT_TEST] == 1);
    md_fixture_free(&one);
}

static void an_image_depends_on_its_number_only(void)
{
    md_fixture_data few = load("synthetic:60"), many = load("synthetic:600");
    CU_ASSERT_EQUAL(memcmp(few.images[0], many.images[0], 60 * PIXELS), 0);
    CU_ASSERT_EQUAL(memcmp(few.labels[0], many.labels[0], 60 * sizeof(int32_t)), 0);
    CU_ASSERT_EQUAL(memcmp(few.images[1], many.images[1], 10 * PIXELS), 0);
    md_fixture_free(&few);
    md_fixture_free(&many);
}

/* Pinned: the same bytes on every machine and from every compiler. */
static void the_digits_never_change(void)
{
    md_fixture_data data = load("synthetic:1200");
    CU_ASSERT_EQUAL(md_digest_bytes(data.images[0], 1200 * PIXELS), 0x67eb8403e69280b4);
    CU_ASSERT_EQUAL(md_digest_bytes(data.images[1], 200 * PIXELS), 0xf74aa24f2f52668e);
    uint8_t labels[1200];
    for (size_t i = 0; i < sizeof labels; i++)
        labels[i] = (uint8_t)data.labels[0][i];
    CU_ASSERT_EQUAL(md_digest_bytes(labels, sizeof labels), 0x97c43146adbab700);
    md_fixture_free(&data);
}

static void labels_are_balanced_and_shuffled(void)
{
    md_fixture_data data = load("synthetic:6000");
    int count[2][256] = {{0}}, in_order = 0;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; i < data.shape.images[split]; i++)
            count[split][data.labels[split][i]]++;
    for (int digit = 0; digit < 10; digit++) {
        CU_ASSERT_EQUAL(count[0][digit], 600);
        CU_ASSERT_EQUAL(count[1][digit], 100);
    }
    for (size_t i = 0; i < 6000; i++)
        in_order += data.labels[0][i] == (int32_t)(i % 10);
    CU_ASSERT(in_order > 400 && in_order < 800);
    md_fixture_free(&data);
}

/* The side of the smallest square that holds the ink. */
static int ink_side(const uint8_t *image)
{
    int left = SIDE, right = 0, top = SIDE, bottom = 0;
    for (int i = 0; i < PIXELS; i++) {
        if (image[i] == 0)
            continue;
        int x = i % SIDE, y = i / SIDE;
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
    }
    int width = right - left + 1, height = bottom - top + 1;
    return width > height ? width : height;
}

/* Is the centre of mass within 0.75 pixels of the frame's middle? */
static int is_centred(const uint8_t *image)
{
    double mass = 0, x = 0, y = 0;
    for (int i = 0; i < PIXELS; i++) {
        mass += image[i];
        x += image[i] * (i % SIDE - 13.5);
        y += image[i] * (i / SIDE - 13.5);
    }
    return x * x + y * y < 0.75 * 0.75 * mass * mass;
}

static void digits_have_the_geometry_of_mnist(void)
{
    md_fixture_data data = load("synthetic:3000");
    int sized = 0, centred = 0;
    size_t ink = 0;
    for (size_t i = 0; i < 3000; i++) {
        const uint8_t *image = data.images[0] + i * PIXELS;
        int side = ink_side(image);
        CU_ASSERT(side <= 21);
        sized += side >= 19;
        centred += is_centred(image);
        for (int k = 0; k < PIXELS; k++)
            ink += image[k] != 0;
    }
    CU_ASSERT(sized > 2950 && centred > 2950);
    CU_ASSERT_DOUBLE_EQUAL((double)ink / (3000.0 * (double)PIXELS), 0.19, 0.01);
    md_fixture_free(&data);
}

static void a_bad_count_is_refused(void)
{
    const char *const refused[] = {"synthetic:",
                                   "synthetic:0",
                                   "synthetic:-5",
                                   "synthetic:1e3",
                                   "synthetic:12x",
                                   "synthetic: 5",
                                   "synthetic:99999999999999999999"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        md_source *source;
        md_error err;
        CU_ASSERT_EQUAL(md_source_open(&(md_source_wishes){.where = refused[i]}, &source, &err),
                        MD_BAD_DATA);
        CU_ASSERT_PTR_NULL(source);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, refused[i]));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "synthetic:12000"));
    }
}

const char md_suite[] = "data.synthetic";
CU_TestInfo md_tests[] = {
    {"the default is twelve thousand and a sixth for the test",
     the_default_is_twelve_thousand_and_a_sixth_for_the_test},
    {"an image depends on its number only", an_image_depends_on_its_number_only},
    {"the digits never change", the_digits_never_change},
    {"labels are balanced and shuffled", labels_are_balanced_and_shuffled},
    {"digits have the geometry of MNIST", digits_have_the_geometry_of_mnist},
    {"a bad count is refused", a_bad_count_is_refused},
    CU_TEST_INFO_NULL};
