/* Makes PNG files of every kind without libpng (https://www.w3.org/TR/png-3), for tests of the
 * reader. */
#ifndef MNIST_DIST_TEST_SUPPORT_PNG_ENCODER_H
#define MNIST_DIST_TEST_SUPPORT_PNG_ENCODER_H

#include <stddef.h>
#include <stdint.h>

typedef enum md_png_colour {
    MD_PNG_GREY = 0,
    MD_PNG_RGB = 2,
    MD_PNG_PALETTE = 3,
    MD_PNG_GREY_ALPHA = 4,
    MD_PNG_RGB_ALPHA = 6
} md_png_colour;

typedef struct md_png_spec {
    unsigned width, height;
    int depth; /* bits a sample: 1, 2, 4, 8 or 16, as the colour type allows */
    md_png_colour colour;
    int interlaced;             /* Adam7 */
    const uint8_t *palette;     /* [2^depth][3] */
    const uint8_t *transparent; /* palette: alpha of its first entries; NULL for none */
    size_t transparent_count;
} md_png_spec;

/* samples[height][width][channels], each below 2^depth. The caller frees the result. */
uint8_t *md_png_encode(const md_png_spec *spec, const uint16_t *samples, size_t *size);

/* Channels of a colour type. */
int md_png_channels(md_png_colour colour);

#endif
