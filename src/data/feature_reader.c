/* Features out of a file, a chunk at a time: pread(2), inflate, unshuffle, the machine's byte
 * order, the element. No library's state is shared, so each thread has a reader of its own. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "feature_file.h"
#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/memory.h"

struct md_feature_reader {
    const md_feature_file *file;
    const md_h5_piece *pieces;
    int fd;
    int inflating; /* z is set up */
    z_stream z;
    size_t width;     /* numbers of a sample */
    size_t size;      /* bytes of a number in the file */
    uint8_t *stored;  /* a piece as it lies there; NULL: all lie in a row */
    uint8_t *plain;   /* a piece inflated */
    uint8_t *piece;   /* and unshuffled */
    uint8_t *numbers; /* of the chunk */
    float *floats;    /* NULL: the file's numbers are the elements */
    uint8_t *bytes;   /* the same narrowed; NULL: not */
    uint8_t *turned;  /* a sample, transposed; NULL: not */
    size_t held;      /* the chunk that was read last, SIZE_MAX: none */
};

md_status md_feature_file_note(const char *path, md_feature_file *out, md_error *err)
{
    struct stat info;
    const size_t length = strlen(path);
    if (length >= sizeof out->path || stat(path, &info) != 0)
        return md_fail(err, MD_BAD_DATA, "'%s': cannot be reached (%s); check its rights", path,
                       strerror(length >= sizeof out->path ? ENAMETOOLONG : errno));
    memcpy(out->path, path, length + 1);
    out->size = (uint64_t)info.st_size;
    out->seconds = info.st_mtim.tv_sec;
    out->nanoseconds = info.st_mtim.tv_nsec;
    return MD_OK;
}

void md_feature_file_cut(md_feature_file *file, size_t samples)
{
    const size_t own = file->piece[0] ? file->piece[0] : 1;
    file->chunk = samples > own ? samples / own * own : own;
}

size_t md_feature_file_chunks(const md_feature_file *file)
{
    const size_t n = file->array.extent[0];
    return n / file->chunk + (n % file->chunk != 0);
}

static size_t piece_bytes(const md_feature_file *file)
{
    size_t bytes = md_number_size(file->array.type);
    for (int i = 0; i < file->array.rank; i++)
        bytes *= file->piece[i];
    return bytes;
}

static md_status room(void *out, size_t bytes, md_error *err)
{
    return md_allocate((void **)out, bytes, 1, "a chunk of features", err);
}

static md_status allocate(md_feature_reader *r, md_error *err)
{
    const md_feature_file *file = r->file;
    const size_t numbers = file->chunk * r->width;
    size_t most = 0;
    md_status status = room(&r->numbers, numbers * r->size, err);
    for (size_t i = 0; i < file->piece_count; i++)
        most = r->pieces[i].bytes > most ? r->pieces[i].bytes : most;
    if (!status && file->piece_count)
        status = room(&r->stored, most, err);
    if (!status && file->piece_count)
        status = room(&r->plain, piece_bytes(file), err);
    if (!status && file->shuffled >= 0)
        status = room(&r->piece, piece_bytes(file), err);
    if (!status && (file->array.type != MD_NUMBER_U8 || file->element == MD_ELEMENT_F32))
        status = room(&r->floats, numbers * sizeof(float), err);
    if (!status && r->floats && file->element == MD_ELEMENT_U8)
        status = room(&r->bytes, numbers, err);
    if (!status && file->transposed)
        status = room(&r->turned, r->width * md_element_size(file->element), err);
    if (!status && file->deflated >= 0 && inflateInit(&r->z) != Z_OK)
        status = md_fail_memory(err, "inflating", sizeof r->z);
    else if (!status && file->deflated >= 0)
        r->inflating = 1;
    return status;
}

md_status md_feature_reader_create(const md_feature_file *file, const md_h5_piece *pieces,
                                   md_feature_reader **out, md_error *err)
{
    *out = NULL;
    md_feature_reader *r = calloc(1, sizeof *r);
    if (!r)
        return md_fail_memory(err, "reading features", sizeof *r);
    r->file = file;
    r->pieces = pieces;
    r->width = md_array_width(&file->array);
    r->size = md_number_size(file->array.type);
    r->held = SIZE_MAX;
    r->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    md_status status =
        r->fd >= 0 ? allocate(r, err)
                   : md_fail(err, MD_BAD_DATA, "'%s': cannot be opened (%s); check its rights",
                             file->path, strerror(errno));
    if (status)
        md_feature_reader_destroy(&r);
    *out = r;
    return status;
}

void md_feature_reader_destroy(md_feature_reader **reader)
{
    md_feature_reader *r = *reader;
    if (!r)
        return;
    if (r->inflating)
        inflateEnd(&r->z);
    if (r->fd >= 0)
        close(r->fd);
    free(r->stored);
    free(r->plain);
    free(r->piece);
    free(r->numbers);
    free(r->floats);
    free(r->bytes);
    free(r->turned);
    free(r);
    *reader = NULL;
}

/* What is in the caches of readers and of the kernel must be of one file. */
static md_status check_unchanged(const md_feature_reader *r, md_error *err)
{
    const md_feature_file *file = r->file;
    struct stat info;
    if (fstat(r->fd, &info) != 0)
        return md_fail(err, MD_BAD_DATA, "'%s': cannot be read (%s); check the disk", file->path,
                       strerror(errno));
    if ((uint64_t)info.st_size != file->size)
        return md_fail(err, MD_BAD_DATA,
                       "'%s': was changed while it was in use: it has %lld bytes and had %" PRIu64
                       "; put back what it was and go on with --resume",
                       file->path, (long long)info.st_size, file->size);
    if (info.st_mtim.tv_sec == file->seconds && info.st_mtim.tv_nsec == file->nanoseconds)
        return MD_OK;
    return md_fail(err, MD_BAD_DATA,
                   "'%s': was changed while it was in use: it has been written to; put back what "
                   "it was and go on with --resume",
                   file->path);
}

static md_status read_at(const md_feature_reader *r, uint64_t offset, uint8_t *out, size_t bytes,
                         md_error *err)
{
    while (bytes > 0) {
        const ssize_t got = pread(r->fd, out, bytes, (off_t)offset);
        md_beat();
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return md_fail(err, MD_BAD_DATA,
                           "'%s': %s at byte %" PRIu64 " (%s); check the disk, or fetch it again",
                           r->file->path, r->file->array.name, offset,
                           got < 0 ? strerror(errno) : "the file ends there");
        out += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return MD_OK;
}

static md_status inflate_piece(md_feature_reader *r, const md_h5_piece *piece, uint8_t *out,
                               size_t bytes, md_error *err)
{
    r->z.next_in = r->stored;
    r->z.avail_in = (uInt)piece->bytes;
    r->z.next_out = out;
    r->z.avail_out = (uInt)bytes;
    const int result = inflateReset(&r->z) == Z_OK ? inflate(&r->z, Z_FINISH) : Z_STREAM_ERROR;
    if (result == Z_STREAM_END && r->z.avail_out == 0)
        return MD_OK;
    return md_fail(err, MD_BAD_DATA,
                   "'%s': %s is damaged: what is stored from byte %" PRIu64
                   " on does not inflate to a chunk (%s); fetch or write it again",
                   r->file->path, r->file->array.name, piece->offset,
                   r->z.msg ? r->z.msg : "it has another size");
}

/* First all numbers' first bytes, then their second ones: the filter's reverse. */
static void unshuffle(const uint8_t *from, size_t count, size_t size, uint8_t *to)
{
    for (size_t k = 0; k < size; k++)
        for (size_t i = 0; i < count; i++)
            to[i * size + k] = from[k * count + i];
}

/* Stored bytes as numbers: *out is where they lie then. */
static md_status decode(md_feature_reader *r, const md_h5_piece *piece, const uint8_t **out,
                        md_error *err)
{
    const md_feature_file *file = r->file;
    const size_t bytes = piece_bytes(file);
    const int deflated = file->deflated >= 0 && !(piece->skipped >> file->deflated & 1);
    const int shuffled = file->shuffled >= 0 && !(piece->skipped >> file->shuffled & 1);
    md_status status = read_at(r, piece->offset, r->stored, piece->bytes, err);
    const uint8_t *plain = r->stored;
    if (!status && deflated) {
        status = inflate_piece(r, piece, r->plain, bytes, err);
        plain = r->plain;
    } else if (!status && piece->bytes != bytes) {
        status = md_fail(err, MD_BAD_DATA,
                         "'%s': %s is damaged: the chunk from byte %" PRIu64 " on has %" PRIu64
                         " bytes where %zu belong; fetch or write it again",
                         file->path, file->array.name, piece->offset, piece->bytes, bytes);
    }
    if (!status && shuffled && r->size > 1) {
        unshuffle(plain, bytes / r->size, r->size, r->piece);
        plain = r->piece;
    }
    *out = plain;
    return status;
}

/* How many numbers of a piece that begins at `at` lie in the array, along one axis. */
static size_t inside(const md_feature_file *file, const size_t *at, int axis)
{
    const size_t left = file->array.extent[axis] - at[axis];
    return left < file->piece[axis] ? left : file->piece[axis];
}

/* Copies a piece that begins at sample at[0] of the array, to where it belongs in samples from
 * `first` on. */
static void place(const md_feature_reader *r, const uint8_t *piece, const size_t *at, size_t first)
{
    const md_feature_file *file = r->file;
    size_t extent[MD_ARRAY_RANK], in[MD_ARRAY_RANK], of[MD_ARRAY_RANK], start[MD_ARRAY_RANK];
    for (int i = 0; i < MD_ARRAY_RANK; i++) { /* axes that there are not have one place */
        const int there = i < file->array.rank;
        extent[i] = there ? inside(file, at, i) : 1;
        in[i] = there ? file->piece[i] : 1;
        of[i] = there ? file->array.extent[i] : 1;
        start[i] = there ? at[i] - (i == 0 ? first : 0) : 0;
    }
    const int last = file->array.rank - 1;
    const size_t run = (last == 0 ? 1 : extent[last]) * r->size;
    if (last > 0)
        extent[last] = 1;
    for (size_t a = 0; a < extent[0]; a++)
        for (size_t b = 0; b < extent[1]; b++)
            for (size_t c = 0; c < extent[2]; c++)
                for (size_t d = 0; d < extent[3]; d++) {
                    const size_t from = ((a * in[1] + b) * in[2] + c) * in[3] + d;
                    const size_t to =
                        (((start[0] + a) * of[1] + start[1] + b) * of[2] + start[2] + c) * of[3] +
                        start[3] + d;
                    memcpy(r->numbers + to * r->size, piece + from * r->size, run);
                }
}

static int is_whole_sample(const md_feature_file *file)
{
    for (int i = 1; i < file->array.rank; i++)
        if (file->piece[i] != file->array.extent[i])
            return 0;
    return 1;
}

/* The chunks of HDF5's that hold samples [first, first + count), which begins with one of them. */
static md_status read_pieces(md_feature_reader *r, size_t first, size_t count, md_error *err)
{
    const md_feature_file *file = r->file;
    size_t grid[MD_ARRAY_RANK], beside = 1, at[MD_ARRAY_RANK] = {0};
    const int rank = file->array.rank;
    assert(rank >= 1 && rank <= MD_ARRAY_RANK);
    for (int i = 0; i < rank; i++)
        grid[i] = (file->array.extent[i] + file->piece[i] - 1) / file->piece[i];
    for (int i = 1; i < rank; i++)
        beside *= grid[i];
    const size_t begin = first / file->piece[0], end = (first + count - 1) / file->piece[0] + 1;
    md_status status = MD_OK;
    for (size_t k = begin * beside; k < end * beside && !status; k++) {
        const uint8_t *piece;
        size_t rest = k;
        for (int i = rank - 1; i >= 0; i--) {
            at[i] = rest % grid[i] * file->piece[i];
            rest /= grid[i];
        }
        status = decode(r, &r->pieces[k], &piece, err);
        if (!status && is_whole_sample(file))
            memcpy(r->numbers + (at[0] - first) * r->width * r->size, piece,
                   inside(file, at, 0) * r->width * r->size);
        else if (!status)
            place(r, piece, at, first);
    }
    return status;
}

/* From numbers to elements. */
static md_status convert(md_feature_reader *r, size_t first, size_t count, md_error *err)
{
    md_array part = r->file->array;
    part.extent[0] = count;
    part.first = first;
    assert(r->floats || !r->bytes);
    if (r->file->swapped)
        md_array_swap(part.type, r->numbers, count * r->width);
    md_status status = r->floats ? md_array_floats(&part, r->numbers, r->floats, err) : MD_OK;
    for (size_t i = 0; !status && r->bytes && i < count * r->width; i++)
        r->bytes[i] = (uint8_t)r->floats[i];
    return status ? md_fail_context(err, status, "'%s': ", r->file->path) : MD_OK;
}

static uint8_t *elements(const md_feature_reader *r)
{
    if (r->bytes)
        return r->bytes;
    return r->floats ? (uint8_t *)r->floats : r->numbers;
}

md_status md_feature_reader_read(md_feature_reader *r, size_t chunk, const void **samples,
                                 size_t *count, md_error *err)
{
    const md_feature_file *file = r->file;
    const size_t first = chunk * file->chunk, left = file->array.extent[0] - first;
    *count = left < file->chunk ? left : file->chunk;
    *samples = elements(r);
    if (r->held == chunk)
        return MD_OK;
    r->held = SIZE_MAX;
    md_status status = check_unchanged(r, err);
    if (!status && file->piece_count)
        status = read_pieces(r, first, *count, err);
    else if (!status)
        status = read_at(r, file->begin + first * r->width * r->size, r->numbers,
                         *count * r->width * r->size, err);
    if (!status)
        status = convert(r, first, *count, err);
    if (status)
        return status;
    if (r->turned)
        md_array_transpose(elements(r), *count, file->rows, file->columns,
                           md_element_size(file->element), r->turned);
    r->held = chunk;
    return MD_OK;
}
