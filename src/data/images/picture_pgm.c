/* PGM, plain (P2) and raw (P5): https://netpbm.sourceforge.net/doc/pgm.html */
#include <stdlib.h>

#include "picture.h"

enum { MAX_VALUE = 65535 };

static md_status truncated(const md_picture_file *file, md_error *err)
{
    return md_fail(err, MD_BAD_DATA, "%s: is a truncated or malformed PGM; save it again",
                   file->path);
}

/* The next character that is not in a comment, which runs from # to the end of its line. */
static int next_character(FILE *stream)
{
    int c = getc(stream);
    if (c == '#')
        while (c != '\n' && c != EOF)
            c = getc(stream);
    return c;
}

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Blanks, a decimal number up to `most`, and the one blank (or the end) after it. 1 or 0. */
static int read_number(FILE *stream, unsigned most, unsigned *out)
{
    int c = next_character(stream);
    while (is_space(c))
        c = next_character(stream);
    unsigned long long value = 0;
    int digits = 0;
    for (; c >= '0' && c <= '9' && value <= most; c = next_character(stream), digits++)
        value = 10 * value + (unsigned)(c - '0');
    *out = (unsigned)value;
    return digits > 0 && value <= most && (is_space(c) || c == EOF);
}

/* One byte, or two with the more significant first. 1 or 0. */
static int read_raw(FILE *stream, unsigned most, unsigned *out)
{
    int high = most > UINT8_MAX ? getc(stream) : 0, low = getc(stream);
    if (high == EOF || low == EOF)
        return 0;
    *out = (unsigned)high << 8 | (unsigned)low;
    return *out <= most;
}

static md_status read_pixels(const md_picture_file *file, int raw, unsigned white, md_picture *out,
                             md_error *err)
{
    for (size_t i = 0; i < out->width * out->height; i++) {
        unsigned value = 0;
        if (!(raw ? read_raw : read_number)(file->stream, white, &value))
            return truncated(file, err);
        out->grey[i] = (uint8_t)((value * UINT8_MAX + white / 2) / white);
    }
    return MD_OK;
}

md_status md_picture_read_pgm(const md_picture_file *file, md_picture *out, md_error *err)
{
    unsigned width, height, white;
    out->grey = NULL;
    int p = getc(file->stream), kind = getc(file->stream);
    if (p != 'P' || (kind != '2' && kind != '5') || !read_number(file->stream, INT32_MAX, &width) ||
        !read_number(file->stream, INT32_MAX, &height) ||
        !read_number(file->stream, MAX_VALUE, &white) || white == 0)
        return truncated(file, err);
    /* The least a pixel takes is a byte, raw or as a digit. */
    const md_picture_claim claim = {width, height, file->size, 1};
    md_status status = md_picture_allocate(file, &claim, out, err);
    if (status)
        return status;
    status = read_pixels(file, kind == '5', white, out, err);
    if (status) {
        free(out->grey);
        out->grey = NULL;
    }
    return status;
}
