#include "mnist_dist/data/image.h"

#include "picture.h"

static int has_size(PIX *grey, size_t rows, size_t columns)
{
    return (size_t)pixGetHeight(grey) == rows && (size_t)pixGetWidth(grey) == columns;
}

static void copy_pixels(PIX *grey, uint8_t *out)
{
    for (int y = 0; y < pixGetHeight(grey); y++)
        for (int x = 0; x < pixGetWidth(grey); x++)
            *out++ = (uint8_t)md_picture_at(grey, x, y);
}

/* Photographs are finer than strokes need. NULL when memory ran out. */
static PIX *shrink(PIX *grey)
{
    const int most = 1600, wanted = 800; /* pixels of the longer side */
    int width = pixGetWidth(grey), height = pixGetHeight(grey);
    int longer = width > height ? width : height;
    float factor = (float)wanted / (float)longer;
    return longer > most ? pixScaleAreaMap(grey, factor, factor) : pixClone(grey);
}

/* Which side of the paper is the ink's: where more strokes are. */
static md_status fit_strokes(PIX *grey, const char *path, size_t rows, size_t columns, uint8_t *out,
                             md_error *err)
{
    md_picture_ink ink;
    double sums[2] = {0.0, 0.0};
    md_status status = md_picture_separate(grey, &ink, err);
    for (int side = 0; !status && side < 2; side++)
        status = md_picture_keep_strokes(ink.sides[side], ink.noise, &sums[side], err);
    if (!status && sums[0] + sums[1] == 0.0)
        status = md_fail(err, MD_BAD_DATA,
                         "%s: is blank, no ink found on its paper; draw a digit, larger or darker, "
                         "or give one already cut out with --as-is",
                         path);
    if (!status)
        status = md_picture_fit(ink.sides[sums[1] > sums[0]], rows, columns, out, err);
    md_picture_ink_free(&ink);
    return status;
}

static md_status fit(PIX *grey, const char *path, size_t rows, size_t columns, uint8_t *out,
                     md_error *err)
{
    if (has_size(grey, rows, columns) && md_picture_is_frame(grey)) {
        copy_pixels(grey, out);
        return MD_OK;
    }
    PIX *small = shrink(grey);
    if (!small)
        return md_fail_memory(err, "a picture", rows * columns);
    md_status status = fit_strokes(small, path, rows, columns, out, err);
    pixDestroy(&small);
    return status;
}

md_status md_image_read(const char *path, md_image_use use, size_t rows, size_t columns,
                        uint8_t *out, md_error *err)
{
    PIX *grey;
    md_status status = md_picture_read(path, use, &grey, err);
    if (status)
        return status;
    if (use == MD_IMAGE_FITTED)
        status = fit(grey, path, rows, columns, out, err);
    else if (has_size(grey, rows, columns))
        copy_pixels(grey, out);
    else
        status = md_fail(err, MD_BAD_DATA,
                         "%s: is %d x %d pixels, but --as-is needs the model's %zu x %zu; leave it "
                         "out to have what is written there fitted",
                         path, pixGetHeight(grey), pixGetWidth(grey), rows, columns);
    pixDestroy(&grey);
    return status;
}
