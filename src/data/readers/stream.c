#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "mnist_dist/base/beat.h"
#include "source_internal.h"

enum { GZIP_WINDOW = 15 + 16, GZIP_FIRST = 0x1f, CHUNK = 256 * 1024 };

struct md_stream {
    const char *path;
    int fd;
    int gzip;  /* 1: bytes pass through `z` */
    int ended; /* 1: the gzip stream's checksum has been read and is right */
    uint64_t size;
    z_stream z;
    uint8_t chunk[CHUNK]; /* compressed bytes on their way */
};

/* Up to n bytes of the file as it is; fewer only at its end. */
static md_status read_raw(md_stream *stream, void *out, size_t n, size_t *got, md_error *err)
{
    *got = 0;
    while (*got < n) {
        const size_t left = n - *got;
        ssize_t count = read(stream->fd, (uint8_t *)out + *got, left < CHUNK ? left : CHUNK);
        md_beat();
        if (count == 0)
            return MD_OK;
        if (count < 0 && errno != EINTR)
            return md_fail(err, MD_BAD_DATA, "%s: cannot be read (%s); check the disk",
                           stream->path, strerror(errno));
        *got += count > 0 ? (size_t)count : 0;
    }
    return MD_OK;
}

static md_status detect_gzip(md_stream *stream, md_error *err)
{
    const uint8_t gzip_magic[2] = {0x1f, 0x8b};
    uint8_t start[2];
    size_t got;
    md_status status = read_raw(stream, start, sizeof start, &got, err);
    if (status)
        return status;
    if (lseek(stream->fd, 0, SEEK_SET) != 0)
        return md_fail(err, MD_BAD_DATA, "%s: cannot be read (%s); copy it to a disk", stream->path,
                       strerror(errno));
    if (got < sizeof start || memcmp(start, gzip_magic, sizeof start) != 0)
        return MD_OK;
    if (inflateInit2(&stream->z, GZIP_WINDOW) != Z_OK)
        return md_fail_memory(err, "inflating", sizeof stream->z);
    stream->gzip = 1;
    return MD_OK;
}

md_status md_stream_open(const char *path, md_stream **out, md_error *err)
{
    *out = NULL;
    md_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return md_fail_memory(err, "reading a file", sizeof *stream);
    stream->path = path;
    stream->fd = -1;
    md_status status = md_file_open(path, &md_data_file, &stream->fd, &stream->size, NULL, err);
    if (status == MD_OK)
        status = detect_gzip(stream, err);
    if (status)
        md_stream_close(&stream);
    *out = stream;
    return status;
}

void md_stream_close(md_stream **stream)
{
    if (!*stream)
        return;
    if ((*stream)->gzip)
        inflateEnd(&(*stream)->z);
    if ((*stream)->fd >= 0)
        close((*stream)->fd);
    free(*stream);
    *stream = NULL;
}

static md_status ends_early(const md_stream *stream, md_error *err)
{
    if (stream->ended)
        return md_fail(err, MD_BAD_DATA, "%s: inflates to fewer bytes than its header claims; %s",
                       stream->path, MD_FETCH_AGAIN);
    return md_fail(err, MD_BAD_DATA, "%s: is truncated: it ends after %" PRIu64 " bytes; %s",
                   stream->path, stream->size, MD_FETCH_AGAIN);
}

md_status md_stream_check_size(const md_stream *stream, uint64_t bytes, md_error *err)
{
    if (stream->gzip && bytes / MD_INFLATE_RATIO > stream->size)
        return md_fail(err, MD_BAD_DATA,
                       "%s: its header claims %" PRIu64 " bytes, more than %" PRIu64
                       " compressed bytes can hold; %s",
                       stream->path, bytes, stream->size, MD_FETCH_AGAIN);
    if (!stream->gzip && bytes != stream->size)
        return md_fail(err, MD_BAD_DATA,
                       "%s: %s: its header claims %" PRIu64 " bytes, the file has %" PRIu64 "; %s",
                       stream->path, bytes > stream->size ? "is truncated" : "has trailing bytes",
                       bytes, stream->size, MD_FETCH_AGAIN);
    return MD_OK;
}

/* Fills the input that inflate has used up; *got 0: the file ends. */
static md_status refill(md_stream *stream, size_t *got, md_error *err)
{
    md_status status = read_raw(stream, stream->chunk, CHUNK, got, err);
    stream->z.next_in = stream->chunk;
    stream->z.avail_in = (uInt)*got;
    return status;
}

/* After the end of a member: gzip files may be several, one after another (RFC 1952, 2.2). */
static md_status begin_member(md_stream *stream, md_error *err)
{
    size_t got = stream->z.avail_in;
    md_status status = got == 0 ? refill(stream, &got, err) : MD_OK;
    if (status)
        return status;
    stream->ended = got == 0 || stream->z.next_in[0] != GZIP_FIRST;
    if (!stream->ended && inflateReset(&stream->z) != Z_OK)
        return md_fail_memory(err, "inflating", sizeof stream->z);
    return MD_OK;
}

/* One call of inflate, after refilling its input. Wants room for output in stream->z. */
static md_status inflate_some(md_stream *stream, md_error *err)
{
    z_stream *z = &stream->z;
    if (z->avail_in == 0) {
        size_t got;
        md_status status = refill(stream, &got, err);
        if (status)
            return status;
        if (got == 0)
            return ends_early(stream, err);
    }
    int result = inflate(z, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
        return begin_member(stream, err);
    if (result == Z_MEM_ERROR)
        return md_fail_memory(err, "inflating", sizeof *z);
    if (result != Z_OK)
        return md_fail(err, MD_BAD_DATA, "%s: its gzip data are broken (%s); %s", stream->path,
                       z->msg ? z->msg : "no progress", MD_FETCH_AGAIN);
    return MD_OK;
}

/* Up to n bytes after inflating; fewer only at the end. */
static md_status read_inflated(md_stream *stream, uint8_t *out, size_t n, size_t *got,
                               md_error *err)
{
    *got = 0;
    while (*got < n && !stream->ended) {
        uInt room = n - *got < INT_MAX ? (uInt)(n - *got) : INT_MAX;
        stream->z.next_out = out + *got;
        stream->z.avail_out = room;
        md_status status = inflate_some(stream, err);
        if (status)
            return status;
        *got += room - stream->z.avail_out;
    }
    return MD_OK;
}

md_status md_stream_some(md_stream *stream, void *out, size_t n, size_t *got, md_error *err)
{
    return stream->gzip ? read_inflated(stream, out, n, got, err)
                        : read_raw(stream, out, n, got, err);
}

md_status md_stream_read(md_stream *stream, void *out, size_t n, md_error *err)
{
    size_t got;
    md_status status = md_stream_some(stream, out, n, &got, err);
    if (status == MD_OK && got < n)
        status = ends_early(stream, err);
    return status;
}

md_status md_stream_finish(md_stream *stream, md_error *err)
{
    uint8_t extra;
    size_t got = 0;
    md_status status = MD_OK;
    if (stream->gzip) {
        /* Inflating on reaches, and so verifies, the checksum. */
        status = read_inflated(stream, &extra, 1, &got, err);
        if (status == MD_OK && got > 0)
            return md_fail(err, MD_BAD_DATA,
                           "%s: inflates to more bytes than its header claims; %s", stream->path,
                           MD_FETCH_AGAIN);
        got = stream->z.avail_in;
    }
    if (status == MD_OK && got == 0)
        status = read_raw(stream, &extra, 1, &got, err);
    if (status == MD_OK && got > 0)
        status = md_fail(err, MD_BAD_DATA, "%s: has trailing bytes after its %s; %s", stream->path,
                         stream->gzip ? "gzip data" : "pixels or labels", MD_FETCH_AGAIN);
    return status;
}
