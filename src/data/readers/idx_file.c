#include "idx_file.h"

#include <endian.h>
#include <string.h>

#include "source_internal.h"
#include "stream.h"

static const struct {
    uint8_t code;
    md_number number;
    const char *word;
} types[] = {
#define MD_ROW(code, NAME, word) {code, MD_NUMBER_##NAME, word},
    MD_IDX_TYPES(MD_ROW)
#undef MD_ROW
};

enum { TYPES = sizeof types / sizeof *types };

static uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_be32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static size_t header_size(int dimensions)
{
    return 4 + 4 * (size_t)dimensions;
}

static size_t row_of(md_number type)
{
    size_t i = 0;
    while (i + 1 < TYPES && types[i].number != type)
        i++;
    return i;
}

const char *md_idx_word(md_number type)
{
    return types[row_of(type)].word;
}

size_t md_idx_header(const md_array *array, uint8_t out[MD_IDX_HEADER_SIZE])
{
    store_be32(out, (uint32_t)types[row_of(array->type)].code << 8 | (uint32_t)array->rank);
    for (int i = 0; i < array->rank && i < MD_ARRAY_RANK; i++)
        store_be32(out + 4 * (size_t)(i + 1), (uint32_t)array->extent[i]);
    return header_size(array->rank);
}

/* Bytes after the header. */
static md_status body_size(const char *path, const md_array *array, size_t *out, md_error *err)
{
    *out = md_number_size(array->type);
    for (int i = 0; i < array->rank; i++)
        if (__builtin_mul_overflow(*out, array->extent[i], out) || *out > SIZE_MAX / 2)
            return md_fail(err, MD_BAD_DATA,
                           "%s: its header claims more bytes than memory can have; %s", path,
                           MD_FETCH_AGAIN);
    return MD_OK;
}

/* The type and the number of dimensions; 0 where they are none of ours. */
static int understand(uint32_t magic, int least, int most, md_array *out)
{
    size_t i = 0;
    while (i < TYPES && types[i].code != magic >> 8)
        i++;
    if (i == TYPES || (int)(magic & 0xff) < least || (int)(magic & 0xff) > most)
        return 0;
    *out = (md_array){.type = types[i].number, .rank = (int)(magic & 0xff)};
    return 1;
}

static md_status read_header(const char *path, md_stream *stream, const char *what, int least,
                             int most, md_array *out, md_error *err)
{
    uint8_t bytes[MD_IDX_HEADER_SIZE];
    size_t body;
    md_status status = md_stream_read(stream, bytes, 4, err);
    if (status)
        return status;
    if (!understand(load_be32(bytes), least, most, out))
        return md_fail(err, MD_BAD_DATA,
                       "%s: is not an IDX file of %s: it starts with 0x%08x where 0x0000TTDD "
                       "belongs, TT a type from 08 to 0e and DD the dimensions, %d to %d; %s",
                       path, what, (unsigned)load_be32(bytes), least, most, MD_FETCH_AGAIN);
    status = md_stream_read(stream, bytes, header_size(out->rank) - 4, err);
    for (int i = 0; !status && i < out->rank; i++)
        out->extent[i] = load_be32(bytes + 4 * (size_t)i);
    if (!status)
        status = body_size(path, out, &body, err);
    return status ? status : md_stream_check_size(stream, header_size(out->rank) + body, err);
}

md_status md_idx_read_shape(const char *path, const char *what, int least, int most, md_array *out,
                            md_error *err)
{
    md_stream *stream;
    md_status status = md_stream_open(path, &stream, err);
    if (status)
        return status;
    status = read_header(path, stream, what, least, most, out, err);
    md_stream_close(&stream);
    return status;
}

static int same_shape(const md_array *a, const md_array *b)
{
    return a->rank == b->rank && a->type == b->type &&
           memcmp(a->extent, b->extent, sizeof a->extent) == 0;
}

static md_status read_body(const char *path, md_stream *stream, const md_array *array, void *out,
                           md_error *err)
{
    md_array now = {0};
    size_t body;
    md_status status = read_header(path, stream, "numbers", 1, MD_ARRAY_RANK, &now, err);
    if (status == MD_OK && !same_shape(&now, array))
        return md_fail(err, MD_BAD_DATA, "%s: changed while it was being read; try again", path);
    if (status == MD_OK)
        status = body_size(path, array, &body, err);
    if (status == MD_OK)
        status = md_stream_read(stream, out, body, err);
    if (status == MD_OK && BYTE_ORDER == LITTLE_ENDIAN)
        md_array_swap(array->type, out, body / md_number_size(array->type));
    return status == MD_OK ? md_stream_finish(stream, err) : status;
}

md_status md_idx_read(const char *path, const md_array *array, void *out, md_error *err)
{
    md_stream *stream;
    md_status status = md_stream_open(path, &stream, err);
    if (status)
        return status;
    status = read_body(path, stream, array, out, err);
    md_stream_close(&stream);
    return status;
}
