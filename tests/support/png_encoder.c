#include "png_encoder.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct buffer {
    uint8_t *bytes;
    size_t size;
} buffer;

static void append(buffer *b, const void *bytes, size_t size)
{
    b->bytes = realloc(b->bytes, b->size + size + 1);
    if (!b->bytes)
        abort();
    if (size > 0)
        memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

static void append_be32(buffer *b, size_t value)
{
    append(b,
           (uint8_t[]){(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                       (uint8_t)value},
           4);
}

static void append_chunk(buffer *b, const char *type, const void *data, size_t size)
{
    append_be32(b, size);
    size_t start = b->size;
    append(b, type, 4);
    append(b, data, size);
    append_be32(b, crc32(0, b->bytes + start, (uInt)(size + 4)));
}

int md_png_channels(md_png_colour colour)
{
    switch (colour) {
    case MD_PNG_RGB:
        return 3;
    case MD_PNG_GREY_ALPHA:
        return 2;
    case MD_PNG_RGB_ALPHA:
        return 4;
    default:
        return 1;
    }
}

/* Every step-th pixel of a row, packed, behind the byte that says "no filter". */
static void append_row(buffer *raw, const md_png_spec *spec, const uint16_t *row, unsigned first,
                       unsigned step)
{
    int channels = md_png_channels(spec->colour), bits = 0;
    unsigned packed = 0;
    append(raw, "", 1);
    for (unsigned x = first; x < spec->width; x += step)
        for (int c = 0; c < channels; c++) {
            unsigned sample = row[x * (unsigned)channels + (unsigned)c];
            if (spec->depth == 16)
                append(raw, (uint8_t[]){(uint8_t)(sample >> 8), (uint8_t)sample}, 2);
            if (spec->depth == 16)
                continue;
            packed = packed << spec->depth | sample;
            bits += spec->depth;
            if (bits == 8)
                append(raw, (uint8_t[]){(uint8_t)packed}, 1);
            bits %= 8;
        }
    if (bits > 0)
        append(raw, (uint8_t[]){(uint8_t)(packed << (8 - bits))}, 1);
}

/* Adam7's seven passes: first column and row, and the steps between them. */
static const unsigned passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                      {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};

static buffer pack(const md_png_spec *spec, const uint16_t *samples)
{
    const unsigned whole[4] = {0, 0, 1, 1};
    buffer raw = {0};
    for (int i = 0; i < (spec->interlaced ? 7 : 1); i++) {
        const unsigned *pass = spec->interlaced ? passes[i] : whole;
        unsigned stride = spec->width * (unsigned)md_png_channels(spec->colour);
        for (unsigned y = pass[1]; y < spec->height && pass[0] < spec->width; y += pass[3])
            append_row(&raw, spec, samples + (size_t)y * stride, pass[0], pass[2]);
    }
    return raw;
}

static void append_pixels(buffer *png, const md_png_spec *spec, const uint16_t *samples)
{
    buffer raw = pack(spec, samples);
    uLongf size = compressBound(raw.size);
    uint8_t *deflated = malloc(size);
    if (!deflated || compress(deflated, &size, raw.bytes, raw.size) != Z_OK)
        abort();
    /* Two chunks, as larger files have. */
    append_chunk(png, "IDAT", deflated, size / 2);
    append_chunk(png, "IDAT", deflated + size / 2, size - size / 2);
    free(deflated);
    free(raw.bytes);
}

uint8_t *md_png_encode(const md_png_spec *spec, const uint16_t *samples, size_t *size)
{
    buffer png = {0}, header = {0};
    append(&png, "\x89PNG\r\n\x1a\n", 8);
    append_be32(&header, spec->width);
    append_be32(&header, spec->height);
    append(
        &header,
        (uint8_t[]){(uint8_t)spec->depth, (uint8_t)spec->colour, 0, 0, (uint8_t)spec->interlaced},
        5);
    append_chunk(&png, "IHDR", header.bytes, header.size);
    if (spec->palette)
        append_chunk(&png, "PLTE", spec->palette, 3ul << spec->depth);
    if (spec->transparent)
        append_chunk(&png, "tRNS", spec->transparent, spec->transparent_count);
    append_pixels(&png, spec, samples);
    append_chunk(&png, "IEND", NULL, 0);
    free(header.bytes);
    *size = png.size;
    return png.bytes;
}
