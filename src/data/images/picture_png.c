#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/data/image.h"
#include "picture.h"

/* What reading needs. It belongs to a caller of the function that libpng jumps back into, so a jump
 * leaves all of it as it was. */
typedef struct png_reader {
    const md_picture_file *file;
    md_picture *out;
    md_error *err;
    md_status status;
    png_structp png;
    png_infop info;
} png_reader;

static void jump_out(png_structp png, png_const_charp message)
{
    png_reader *r = png_get_error_ptr(png);
    r->status = md_fail(r->err, MD_BAD_DATA, "%s: is not a sound PNG (%s); save it again",
                        r->file->path, message);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

/* Whatever the file holds comes out as 8-bit grey and alpha. */
static void set_output(png_reader *r)
{
    const double default_weights = -1.0;
    png_set_expand(r->png);
    png_set_scale_16(r->png);
    if (png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR)
        png_set_rgb_to_gray(r->png, PNG_ERROR_ACTION_NONE, default_weights, default_weights);
    png_set_add_alpha(r->png, UINT8_MAX, PNG_FILLER_AFTER);
}

/* Everything of libpng that may jump. */
static void read_rows(png_reader *r)
{
    /* At one bit a pixel, the least PNG uses, a byte inflates to this many pixels. */
    const uint64_t most_per_byte = UINT64_C(8) * MD_INFLATE_RATIO;
    if (setjmp(png_jmpbuf(r->png)))
        return;
    png_init_io(r->png, r->file->stream);
    png_read_info(r->png, r->info);
    const md_picture_claim claim = {.width = png_get_image_width(r->png, r->info),
                                    .height = png_get_image_height(r->png, r->info),
                                    .most = r->file->size * most_per_byte,
                                    .bytes_per_pixel = 2};
    r->status = md_picture_allocate(r->file, &claim, r->out, r->err);
    if (r->status)
        return;
    set_output(r);
    int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != 2 * claim.width)
        png_error(r->png, "its rows have an unexpected size");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < claim.height; y++)
            png_read_row(r->png, r->out->grey + y * 2 * claim.width, NULL);
}

/* Lays grey and alpha over white paper, in place. */
static void remove_alpha(md_picture *picture)
{
    uint8_t *pixels = picture->grey;
    for (size_t i = 0; i < picture->width * picture->height; i++) {
        unsigned grey = pixels[2 * i], alpha = pixels[2 * i + 1];
        unsigned sum = grey * alpha + UINT8_MAX * (UINT8_MAX - alpha);
        pixels[i] = (uint8_t)((sum + UINT8_MAX / 2) / UINT8_MAX);
    }
}

md_status md_picture_read_png(const md_picture_file *file, md_picture *out, md_error *err)
{
    png_reader r = {.file = file, .out = out, .err = err, .status = MD_OK};
    out->grey = NULL;
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, jump_out, ignore_warning);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    if (r.info)
        read_rows(&r);
    else
        r.status = md_fail_memory(err, "reading a PNG", sizeof r);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    if (r.status == MD_OK) {
        remove_alpha(out);
    } else {
        free(out->grey);
        out->grey = NULL;
    }
    return r.status;
}

/* A half-written file is removed, a device is not. */
static void remove_file(const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISREG(info.st_mode))
        unlink(path);
}

md_status md_image_write_png(const char *path, const uint8_t *pixels, size_t rows, size_t columns,
                             md_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)columns,
                       .height = (png_uint_32)rows,
                       .format = PNG_FORMAT_GRAY};
    FILE *stream = fopen(path, "wb");
    if (!stream)
        return md_fail(err, MD_FAILED, "%s: cannot be written (%s); give another path", path,
                       strerror(errno));
    int written = png_image_write_to_stdio(&image, stream, 0, pixels, 0, NULL);
    if (fclose(stream) == 0 && written)
        return MD_OK;
    md_status status = md_fail(err, MD_FAILED, "%s: cannot be written (%s); check the space left",
                               path, written ? strerror(errno) : image.message);
    remove_file(path);
    return status;
}
