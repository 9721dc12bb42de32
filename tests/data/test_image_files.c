/* Picture files of every kind, sound and damaged, taken as they are, which shows what was decoded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "fixtures.h"
#include "mnist_dist/data/image.h"
#include "png_encoder.h"
#include "runner.h"

enum { W = 11, H = 9, AREA = W * H };

/* A dark border around all shades, 0 to 255. */
static uint8_t shade(int i)
{
    int x = i % W, y = i / W;
    int border = x == 0 || y == 0 || x == W - 1 || y == H - 1;
    return (uint8_t)(border ? i % 3 : i * 53);
}

static md_status read_bytes(const void *bytes, size_t size, uint8_t out[AREA], md_error *err)
{
    char folder[TEST_PATH], path[TEST_PATH];
    *err = (md_error){0};
    test_folder(folder);
    md_fixture_write(folder, "picture", bytes, size);
    md_status status =
        md_image_read(test_path(folder, "picture", path), MD_IMAGE_AS_IS, H, W, out, err);
    test_folder_remove(folder);
    return status;
}

static void refused(const void *bytes, size_t size, const char *word)
{
    uint8_t out[AREA];
    md_error err;
    CU_ASSERT_EQUAL(read_bytes(bytes, size, out, &err), MD_BAD_DATA);
    if (!strstr(err.text, word) || !strstr(err.text, "/picture") || strchr(err.text, '\n')) {
        printf("\n  wanted '%s' in: %s\n", word, err.text);
        CU_FAIL("the message lacks a word");
    }
}

/* Decodes to these shades, give or take `slack`. */
static void gives(const void *bytes, size_t size, const uint8_t expected[AREA], int slack)
{
    uint8_t out[AREA];
    md_error err;
    CU_ASSERT_EQUAL(read_bytes(bytes, size, out, &err), MD_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    int worst = 0;
    for (int i = 0; i < AREA; i++)
        worst = abs(out[i] - expected[i]) > worst ? abs(out[i] - expected[i]) : worst;
    CU_ASSERT(worst <= slack);
}

static void gives_png(const md_png_spec *spec, const uint16_t *samples,
                      const uint8_t expected[AREA], int slack)
{
    size_t size;
    uint8_t *png = md_png_encode(spec, samples, &size);
    gives(png, size, expected, slack);
    free(png);
}

static void png_grey_of_any_depth(void)
{
    for (int depth = 1; depth <= 16; depth *= 2)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            uint16_t samples[AREA];
            uint8_t expected[AREA];
            int most = (1 << depth) - 1;
            for (int i = 0; i < AREA; i++) {
                samples[i] = (uint16_t)(shade(i) * most / 255);
                expected[i] = (uint8_t)((samples[i] * 255 + most / 2) / most);
            }
            md_png_spec spec = {.width = W, .height = H, .depth = depth, .interlaced = interlaced};
            gives_png(&spec, samples, expected, 0);
        }
}

/* Grey told in colour: the same shade in every channel. */
static void png_colour_and_alpha(void)
{
    const md_png_colour colours[] = {MD_PNG_RGB, MD_PNG_GREY_ALPHA, MD_PNG_RGB_ALPHA};
    for (int k = 0; k < 3; k++)
        for (int depth = 8; depth <= 16; depth += 8)
            for (int interlaced = 0; interlaced < 2; interlaced++) {
                int channels = md_png_channels(colours[k]), most = (1 << depth) - 1;
                uint16_t samples[4 * AREA];
                uint8_t expected[AREA];
                for (int i = 0; i < AREA; i++) {
                    expected[i] = shade(i);
                    for (int c = 0; c < channels; c++)
                        samples[i * channels + c] = (uint16_t)(shade(i) * most / 255);
                    if (channels % 2 == 0)
                        samples[i * channels + channels - 1] = (uint16_t)most;
                }
                md_png_spec spec = {.width = W,
                                    .height = H,
                                    .depth = depth,
                                    .colour = colours[k],
                                    .interlaced = interlaced};
                gives_png(&spec, samples, expected, 1);
            }
}

static void png_palettes(void)
{
    for (int depth = 1; depth <= 8; depth *= 2) {
        uint8_t palette[256][3], expected[AREA];
        uint16_t samples[AREA];
        int most = (1 << depth) - 1;
        for (int i = 0; i <= most; i++)
            memset(palette[i], 255 - i * 255 / most, 3);
        for (int i = 0; i < AREA; i++) {
            samples[i] = (uint16_t)(most - shade(i) * most / 255);
            expected[i] = palette[samples[i]][0];
        }
        md_png_spec spec = {.width = W,
                            .height = H,
                            .depth = depth,
                            .colour = MD_PNG_PALETTE,
                            .palette = palette[0]};
        gives_png(&spec, samples, expected, 1);
    }
}

static void what_is_transparent_is_black(void)
{
    uint16_t samples[2 * AREA];
    uint8_t expected[AREA];
    for (int i = 0; i < AREA; i++) {
        samples[2 * i] = 255;
        samples[2 * i + 1] = (uint16_t)(i * 2);
        expected[i] = (uint8_t)(i * 2);
    }
    md_png_spec spec = {.width = W, .height = H, .depth = 8, .colour = MD_PNG_GREY_ALPHA};
    gives_png(&spec, samples, expected, 0);
    const uint8_t palette[6] = {255, 255, 255, 200, 200, 200}, alpha[1] = {0};
    for (int i = 0; i < AREA; i++) {
        samples[i] = i == AREA / 2;
        expected[i] = i == AREA / 2 ? 200 : 0;
    }
    spec = (md_png_spec){.width = W,
                         .height = H,
                         .depth = 1,
                         .colour = MD_PNG_PALETTE,
                         .palette = palette,
                         .transparent = alpha,
                         .transparent_count = 1};
    gives_png(&spec, samples, expected, 0);
}

static uint8_t *some_png(int interlaced, size_t *size)
{
    uint16_t samples[AREA];
    for (int i = 0; i < AREA; i++)
        samples[i] = shade(i);
    md_png_spec spec = {.width = W, .height = H, .depth = 8, .interlaced = interlaced};
    return md_png_encode(&spec, samples, size);
}

/* All pixels are there once the second IDAT is; what follows says nothing. */
static void a_png_cut_anywhere_is_refused_or_whole(void)
{
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        size_t size;
        uint8_t *png = some_png(interlaced, &size);
        for (size_t length = 0; length < size; length++) {
            uint8_t out[AREA];
            md_error err;
            md_status status = read_bytes(png, length, out, &err);
            CU_ASSERT(status == MD_BAD_DATA || length >= size - 12 - 8);
            CU_ASSERT_EQUAL(status == MD_OK, err.text[0] == '\0');
            for (int i = 0; status == MD_OK && i < AREA; i++)
                CU_ASSERT_EQUAL(out[i], shade(i));
        }
        free(png);
    }
}

/* Up to the end of its header a damaged one may be another format, or larger than is read. */
static void a_damaged_png_is_refused(void)
{
    const size_t header = 33;
    size_t size;
    uint8_t *png = some_png(0, &size);
    for (size_t i = 1; i < size - 12; i++) {
        png[i] ^= 0x10;
        refused(png, size, i < header ? "/picture: " : "not a sound PNG");
        png[i] ^= 0x10;
    }
    free(png);
}

static void put_be32(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void claims_of_size_are_bounded(void)
{
    const struct {
        unsigned width, height;
        const char *word;
    } claims[] = {{100000, 100000, "64 megapixels"},
                  {8000, 8001, "64 megapixels"},
                  {8000, 8000, "not a sound PNG"},
                  {900000, 3, "not a sound PNG"},
                  {0x7fffffff, 1, "64 megapixels"},
                  {0, 5, "not a sound PNG"},
                  {0xffffffff, 0xffffffff, "not a sound PNG"}};
    size_t size;
    uint8_t *png = some_png(0, &size);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        char pgm[64];
        put_be32(png + 16, claims[i].width);
        put_be32(png + 20, claims[i].height);
        put_be32(png + 29, crc32(0, png + 12, 17));
        refused(png, size, claims[i].word);
        int length =
            snprintf(pgm, sizeof pgm, "P5 %u %u 255 xxx", claims[i].width, claims[i].height);
        refused(pgm, (size_t)length, "picture");
    }
    free(png);
}

/* A dot in the middle of H x W black pixels, in this notation. */
static size_t write_pgm(char *out, const char *header, const char *pixel, const char *dot,
                        size_t pixel_size)
{
    size_t size = strlen(header);
    memcpy(out, header, size);
    for (int i = 0; i < AREA; i++, size += pixel_size)
        memcpy(out + size, i == AREA / 2 ? dot : pixel, pixel_size);
    return size;
}

static void pgm_of_any_kind(void)
{
    const struct {
        const char *header, *pixel, *dot;
        size_t pixel_size;
    } kinds[] = {
        {"P5\n11 9\n255\n", "\0", "\xff", 1},
        {"P5 11 9 255 ", "\0", "\xff", 1},
        {"P5\n# by hand\n11 9\n255\n", "\0", "\xff", 1},
        {"P5 11 9 65535\n", "\0\0", "\xff\xff", 2},
        {"P2\n11 9\n255\n", "  0 ", "255 ", 4},
        {"P2 11 9 65535\n", "00000 ", "65535 ", 6},
    };
    uint8_t expected[AREA] = {0};
    expected[AREA / 2] = 255;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char bytes[2048];
        size_t size =
            write_pgm(bytes, kinds[i].header, kinds[i].pixel, kinds[i].dot, kinds[i].pixel_size);
        gives(bytes, size, expected, 0);
        refused(bytes, size - kinds[i].pixel_size, "PNM");
    }
}

static void shades_of_a_pgm_are_scaled_to_255(void)
{
    char bytes[2048];
    uint8_t out[AREA];
    md_error err;
    size_t size = write_pgm(bytes, "P2 11 9 3\n", "0 ", "1 ", 2);
    CU_ASSERT_EQUAL(read_bytes(bytes, size, out, &err), MD_OK);
    CU_ASSERT_EQUAL(out[AREA / 2], 85);
}

static void a_malformed_pgm_is_refused(void)
{
    const char *const texts[] = {"P",
                                 "P5",
                                 "P5 ",
                                 "P3 1 1 255 000",
                                 "P6 1 1 255",
                                 "P5 1 1",
                                 "P5 1 1 0 x",
                                 "P5 1 1 65536 xx",
                                 "P5 -1 1 255",
                                 "P5 1 x 255",
                                 "P5 1,1 255 x",
                                 "P5 1 1 25a x",
                                 "P5 0 1 255 ",
                                 "P5 1 1 9 A",
                                 "P2 1 1 9 10",
                                 "P2 1 1 9 x",
                                 "P2 1 1 9 -1",
                                 "P2 2 1 9 1",
                                 "P2 1 1 9 # 1",
                                 "P5 # no end",
                                 "P5 99999999999999999999 1 255 x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(texts[i], strlen(texts[i]), "picture");
}

static void other_files_are_refused(void)
{
    uint8_t out[AREA];
    md_error err;
    refused("", 0, "no picture that is understood");
    refused("GIF89a", 6, "no picture that is understood");
    refused("\x89PNG\r\n\x1a\n\0\0\0\r", 12, "not a sound PNG");
    CU_ASSERT_EQUAL(md_image_read("/nonexistent.png", MD_IMAGE_AS_IS, H, W, out, &err),
                    MD_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent.png"));
    CU_ASSERT_EQUAL(md_image_read("/tmp", MD_IMAGE_AS_IS, H, W, out, &err), MD_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/tmp"));
}

const char md_suite[] = "data.image_files";
CU_TestInfo md_tests[] = {
    {"PNG: grey of any depth", png_grey_of_any_depth},
    {"PNG: colour and alpha", png_colour_and_alpha},
    {"PNG: palettes", png_palettes},
    {"what is transparent is black", what_is_transparent_is_black},
    {"a PNG cut anywhere is refused or whole", a_png_cut_anywhere_is_refused_or_whole},
    {"a damaged PNG is refused", a_damaged_png_is_refused},
    {"claims of size are bounded", claims_of_size_are_bounded},
    {"PGM of any kind", pgm_of_any_kind},
    {"shades of a PGM are scaled to 255", shades_of_a_pgm_are_scaled_to_255},
    {"a malformed PGM is refused", a_malformed_pgm_is_refused},
    {"other files are refused", other_files_are_refused},
    CU_TEST_INFO_NULL};
