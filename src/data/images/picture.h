/* The steps from a file that is not trusted to a frame for the model. Pictures are Leptonica's PIX
 * of 8 bits a pixel; whoever is given one through a PIX ** destroys it. */
#ifndef MNIST_DIST_DATA_PICTURE_H
#define MNIST_DIST_DATA_PICTURE_H

#include <allheaders.h>
#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/data/image.h"

/* The picture in grey, 0 black to 255 white. What is transparent becomes paper (fitted) or black
 * (as it is). *out is NULL on error. */
md_status md_picture_read(const char *path, md_image_use use, PIX **out, md_error *err);

/* How far each pixel is from the paper beneath it. */
typedef struct md_picture_ink {
    PIX *sides[2]; /* how much darker, how much lighter */
    int noise;     /* what differs by less is the paper's texture */
} md_picture_ink;

/* Separates ink from paper, however unevenly that is lit. Free it in any case. */
md_status md_picture_separate(PIX *grey, md_picture_ink *out, md_error *err);
void md_picture_ink_free(md_picture_ink *ink);

/* Leaves nothing in `ink` but what can be strokes of one digit, and tells its sum over all pixels:
 * 0 when there is none. */
md_status md_picture_keep_strokes(PIX *ink, int noise, double *sum, md_error *err);

/* Is a picture of the frame's size laid out like a training image? */
int md_picture_is_frame(PIX *grey);

/* Lays strokes out the way MNIST was made, see md_image_read. */
md_status md_picture_fit(PIX *ink, size_t rows, size_t columns, uint8_t *out, md_error *err);

/* The smallest rectangle around what exceeds `level`: from `low` to before `high`. */
typedef struct md_picture_box {
    int low_x, high_x, low_y, high_y;
} md_picture_box;

md_picture_box md_picture_bounds(PIX *picture, int level);

/* One pixel, 0 to 255. */
static inline int md_picture_at(PIX *picture, int x, int y)
{
    const l_uint32 *line = pixGetData(picture) + (size_t)y * (size_t)pixGetWpl(picture);
    return (int)GET_DATA_BYTE(line, x);
}

static inline void md_picture_put(PIX *picture, int x, int y, int value)
{
    l_uint32 *line = pixGetData(picture) + (size_t)y * (size_t)pixGetWpl(picture);
    SET_DATA_BYTE(line, x, (l_uint8)value);
}

#endif
