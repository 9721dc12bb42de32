#include "idx_file.h"

#include "source_internal.h"
#include "stream.h"

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

size_t md_idx_header(const md_idx_shape *shape, md_idx_type type, uint8_t out[MD_IDX_HEADER_SIZE])
{
    store_be32(out, (uint32_t)type << 8 | (uint32_t)shape->dimensions);
    for (int i = 0; i < shape->dimensions && i < MD_IDX_MAX_DIMENSIONS; i++)
        store_be32(out + 4 * (size_t)(i + 1), (uint32_t)shape->size[i]);
    return header_size(shape->dimensions);
}

/* Bytes after the header. The sizes are 32 bits wide, so only the last product can overflow. */
static md_status body_size(const char *path, const md_idx_shape *shape, size_t *out, md_error *err)
{
    *out = 1;
    for (int i = 0; i < shape->dimensions; i++)
        if (__builtin_mul_overflow(*out, shape->size[i], out) || *out > SIZE_MAX / 2)
            return md_fail(err, MD_BAD_DATA,
                           "%s: its header claims more bytes than memory can have; %s", path,
                           MD_FETCH_AGAIN);
    return MD_OK;
}

static md_status read_header(const char *path, md_stream *stream, int dimensions,
                             md_idx_shape *shape, md_error *err)
{
    uint8_t header[MD_IDX_HEADER_SIZE];
    md_status status = md_stream_read(stream, header, header_size(dimensions), err);
    if (status)
        return status;
    uint32_t magic = load_be32(header);
    uint32_t expected = (uint32_t)MD_IDX_U8 << 8 | (uint32_t)dimensions;
    if (magic != expected)
        return md_fail(err, MD_BAD_DATA,
                       "%s: is not an IDX file of %s: it starts with 0x%08x instead of 0x%08x; %s",
                       path, dimensions == 1 ? "labels" : "images", (unsigned)magic,
                       (unsigned)expected, MD_FETCH_AGAIN);
    *shape = (md_idx_shape){.dimensions = dimensions};
    for (int i = 0; i < dimensions; i++)
        shape->size[i] = load_be32(header + 4 * (size_t)(i + 1));
    size_t body;
    status = body_size(path, shape, &body, err);
    if (status)
        return status;
    return md_stream_check_size(stream, header_size(dimensions) + body, err);
}

md_status md_idx_read_shape(const char *path, int dimensions, md_idx_shape *out, md_error *err)
{
    md_stream *stream;
    md_status status = md_stream_open(path, &stream, err);
    if (status)
        return status;
    status = read_header(path, stream, dimensions, out, err);
    md_stream_close(&stream);
    return status;
}

static int same_shape(const md_idx_shape *a, const md_idx_shape *b)
{
    for (int i = 0; i < MD_IDX_MAX_DIMENSIONS; i++)
        if (a->size[i] != b->size[i])
            return 0;
    return a->dimensions == b->dimensions;
}

static md_status read_body(const char *path, md_stream *stream, const md_idx_shape *shape,
                           uint8_t *out, md_error *err)
{
    md_idx_shape now = {0};
    size_t body;
    md_status status = read_header(path, stream, shape->dimensions, &now, err);
    if (status == MD_OK && !same_shape(&now, shape))
        return md_fail(err, MD_BAD_DATA, "%s: changed while it was being read; try again", path);
    if (status == MD_OK)
        status = body_size(path, shape, &body, err);
    if (status == MD_OK)
        status = md_stream_read(stream, out, body, err);
    return status == MD_OK ? md_stream_finish(stream, err) : status;
}

md_status md_idx_read(const char *path, const md_idx_shape *shape, uint8_t *out, md_error *err)
{
    md_stream *stream;
    md_status status = md_stream_open(path, &stream, err);
    if (status)
        return status;
    status = read_body(path, stream, shape, out, err);
    md_stream_close(&stream);
    return status;
}
