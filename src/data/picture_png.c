/* PNG through libpng's simplified interface, which turns any depth, colour, palette, transparency
 * and interlacing into 8-bit grey, and keeps libpng's long jumps to itself. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "mnist_dist/data/image.h"
#include "picture.h"

static md_status fail_png(const md_picture_file *file, const png_image *image, md_error *err)
{
    return md_fail(err, MD_BAD_DATA, "%s: is not a sound PNG (%s); save it again", file->path,
                   image->message);
}

static md_status read_pixels(const md_picture_file *file, png_image *image, md_picture *out,
                             md_error *err)
{
    const png_color white = {255, 255, 255};
    /* At one bit a pixel, the least PNG uses, a byte inflates to this many pixels. */
    const uint64_t most_per_byte = 8 * MD_INFLATE_RATIO;
    md_status status = md_picture_allocate(file, image->width, image->height,
                                           file->size * most_per_byte, out, err);
    if (status)
        return status;
    image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    image->format = PNG_FORMAT_GRAY;
    if (png_image_finish_read(image, &white, out->grey, 0, NULL))
        return MD_OK;
    free(out->grey);
    out->grey = NULL;
    return fail_png(file, image, err);
}

md_status md_picture_read_png(const md_picture_file *file, md_picture *out, md_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    out->grey = NULL;
    if (!png_image_begin_read_from_stdio(&image, file->stream))
        return fail_png(file, &image, err);
    md_status status = read_pixels(file, &image, out, err);
    png_image_free(&image);
    return status;
}

md_status md_image_write_png(const char *path, const uint8_t *pixels, size_t rows, size_t columns,
                             md_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)columns,
                       .height = (png_uint_32)rows,
                       .format = PNG_FORMAT_GRAY};
    if (png_image_write_to_file(&image, path, 0, pixels, 0, NULL))
        return MD_OK;
    return md_fail(err, MD_FAILED,
                   "%s: cannot be written (%s); check the folder and the space left", path,
                   image.message);
}
