#include "streamed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feature_hash.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/data/store.h"
#include "statistics.h"

enum {
    CHUNK_MOST = 1 << 20,    /* bytes: a disk's head moves in the time that it takes to read them */
    CHUNKS_OF_A_WINDOW = 32, /* at least, where a file has no chunks of its own; */
    FEWEST_CHUNKS = 4,       /* where it has some */
    SAMPLE_BOOKS = 12        /* bytes of a sample in a window beside its features */
};

md_status md_streamed_create(size_t window, md_streamed **out, md_error *err)
{
    md_streamed *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return md_fail_memory(err, "streaming", sizeof *s);
    s->window = window;
    return MD_OK;
}

void md_streamed_destroy(md_streamed **streamed)
{
    if (!*streamed)
        return;
    for (int split = 0; split < 2; split++) {
        free((*streamed)->part[split].pieces);
        free((*streamed)->part[split].nonzero);
    }
    free((*streamed)->sum);
    free(*streamed);
    *streamed = NULL;
}

/* Bytes in a window. */
static size_t room_of_sample(size_t features, md_element element)
{
    return features * md_element_size(element) + SAMPLE_BOOKS;
}

void md_streamed_place(md_streamed *s, md_split split, const md_feature_file *file,
                       md_h5_piece *pieces)
{
    const size_t features = md_array_width(&file->array);
    const size_t stored = features * md_number_size(file->array.type);
    const size_t room = room_of_sample(features, file->element);
    const size_t share = s->window / CHUNKS_OF_A_WINDOW;
    s->part[split].file = *file;
    s->part[split].pieces = pieces;
    md_feature_file_cut(&s->part[split].file, (share < CHUNK_MOST ? share : CHUNK_MOST) /
                                                  (stored > room ? stored : room));
}

void md_streamed_transpose(md_streamed *s, size_t rows, size_t columns)
{
    for (int split = 0; split < 2; split++) {
        md_feature_file *file = &s->part[split].file;
        file->transposed = 1;
        file->rows = rows;
        file->columns = columns;
    }
}

void md_streamed_narrow(md_streamed *s)
{
    for (int split = 0; split < 2; split++)
        s->part[split].file.element = MD_ELEMENT_U8;
}

/* One split on its way through. */
typedef struct passage {
    md_streamed *s;
    md_split split;
    const md_look *look;
    md_feature_hash hash, hash_as_bytes; /* of floats; of bytes, as long as they could be some */
    uint8_t *bytes;                      /* a chunk of floats as bytes */
} passage;

static void see_floats(passage *p, const float *x, size_t count)
{
    md_streamed *s = p->s;
    s->largest = md_largest_byte(x, count, s->largest);
    if (p->split == MD_SPLIT_TRAIN)
        s->in_unit = s->in_unit && md_lie_in_unit(x, count);
    md_feature_hash_add(&p->hash, x, count);
    for (size_t i = 0; s->largest >= 0.0f && i < count; i++)
        p->bytes[i] = (uint8_t)x[i];
    if (s->largest >= 0.0f)
        md_feature_hash_add(&p->hash_as_bytes, p->bytes, count);
}

static void see(passage *p, size_t chunk, const void *x, size_t samples)
{
    md_streamed_part *part = &p->s->part[p->split];
    const md_element element = part->file.element;
    const size_t features = md_array_width(&part->file.array);
    const size_t first = chunk * part->file.chunk, trained = p->look->trained;
    part->nonzero[chunk] = md_count_nonzero(element, x, samples * features);
    if (element == MD_ELEMENT_U8)
        md_feature_hash_add(&p->hash_as_bytes, x, samples * features);
    else
        see_floats(p, x, samples * features);
    if (p->split != MD_SPLIT_TRAIN || first >= trained)
        return;
    const size_t own = samples < trained - first ? samples : trained - first;
    md_add_bounds(element, x, own * features, p->s->bounds);
    if (p->s->sum)
        md_add_samples(element, x, own, features, p->s->sum);
}

/* Calls `take` for each of the split's first `most` chunks. */
static md_status read_chunks(const md_streamed *s, md_split split, size_t most,
                             void (*take)(void *context, size_t chunk, const void *x,
                                          size_t samples),
                             void *context, md_error *err)
{
    const md_streamed_part *part = &s->part[split];
    md_feature_reader *reader;
    const void *x;
    size_t samples;
    md_status status = md_feature_reader_create(&part->file, part->pieces, &reader, err);
    for (size_t k = 0; k < most && !status; k++) {
        status = md_feature_reader_read(reader, k, &x, &samples, err);
        if (!status)
            take(context, k, x, samples);
    }
    md_feature_reader_destroy(&reader);
    return status;
}

static void see_chunk(void *context, size_t chunk, const void *x, size_t samples)
{
    see(context, chunk, x, samples);
}

static md_status pass_through(passage *p, md_error *err)
{
    md_streamed_part *part = &p->s->part[p->split];
    const size_t chunks = md_feature_file_chunks(&part->file);
    const size_t n = part->file.array.extent[0];
    const int floats = part->file.element == MD_ELEMENT_F32;
    md_status status = md_allocate((void **)&part->nonzero, chunks, sizeof *part->nonzero,
                                   "what is known of chunks", err);
    if (!status && floats)
        status = md_allocate((void **)&p->bytes, part->file.chunk,
                             md_array_width(&part->file.array), "a chunk of features", err);
    if (!status && floats)
        status = md_feature_hash_begin(&p->hash, p->split, MD_ELEMENT_F32, n, p->look->shape, err);
    if (!status)
        status = md_feature_hash_begin(&p->hash_as_bytes, p->split, MD_ELEMENT_U8, n,
                                       p->look->as_bytes, err);
    if (!status)
        status = read_chunks(p->s, p->split, chunks, see_chunk, p, err);
    const md_status ended[] = {
        md_feature_hash_end(&p->hash, part->sha256, status ? NULL : err),
        md_feature_hash_end(&p->hash_as_bytes, part->sha256_as_bytes, status ? NULL : err)};
    free(p->bytes);
    if (status)
        return status;
    return ended[0] ? ended[0] : ended[1];
}

md_status md_streamed_look(md_streamed *s, const md_look *look, md_error *err)
{
    md_status status = MD_OK;
    s->largest = 0.0f;
    s->bounds[0] = INFINITY;
    s->bounds[1] = -INFINITY;
    s->in_unit = 1;
    if (look->sums)
        status = md_allocate((void **)&s->sum, md_samples_features(look->shape), sizeof *s->sum,
                             "sums", err);
    for (int split = 0; split < 2 && !status; split++) {
        passage p = {.s = s, .split = (md_split)split, .look = look};
        if (s->part[split].file.chunk > 0)
            status = pass_through(&p, err);
    }
    return status;
}

typedef struct squaring {
    const md_feature_file *file;
    size_t count;
    const double *mean;
    double *square;
} squaring;

static void square_chunk(void *context, size_t chunk, const void *x, size_t samples)
{
    const squaring *q = context;
    const size_t left = q->count - chunk * q->file->chunk;
    md_add_squares(q->file->element, x, samples < left ? samples : left,
                   md_array_width(&q->file->array), q->mean, q->square);
}

md_status md_streamed_squares(md_streamed *s, size_t count, const double *mean, double *square,
                              md_error *err)
{
    const md_feature_file *file = &s->part[MD_SPLIT_TRAIN].file;
    squaring q = {file, count, mean, square};
    const size_t chunks = count / file->chunk + (count % file->chunk != 0);
    return read_chunks(s, MD_SPLIT_TRAIN, chunks, square_chunk, &q, err);
}

size_t md_streamed_nonzero(const md_streamed *s, md_split split)
{
    const md_streamed_part *part = &s->part[split];
    const size_t chunks = part->file.chunk ? md_feature_file_chunks(&part->file) : 0;
    size_t total = 0;
    for (size_t k = 0; k < chunks; k++)
        total += part->nonzero[k];
    return total;
}

static int descending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* The most that so many training chunks can have. */
static md_status find_most_nonzero(const md_streamed_part *part, size_t chunks, size_t *most,
                                   md_error *err)
{
    const size_t all = md_feature_file_chunks(&part->file);
    uint64_t *sorted;
    md_status status =
        md_allocate((void **)&sorted, all, sizeof *sorted, "what is known of chunks", err);
    if (status)
        return status;
    memcpy(sorted, part->nonzero, all * sizeof *sorted);
    qsort(sorted, all, sizeof *sorted, descending);
    *most = 0;
    for (size_t k = 0; k < all && k < chunks; k++)
        *most += sorted[k];
    free(sorted);
    return MD_OK;
}

/* Two windows share the memory: one is filled while the other is used. */
md_status md_streamed_cut(const md_samples *samples, md_store_header *plan, md_error *err)
{
    const md_streamed *s = samples->streamed;
    const md_feature_file *file = &s->part[MD_SPLIT_TRAIN].file;
    if (file->chunk == 0)
        return MD_OK;
    const size_t sample = room_of_sample(md_samples_features(&samples->shape), samples->element);
    const size_t chunks = md_feature_file_chunks(file), fit = s->window / 2 / sample / file->chunk;
    plan->chunk = file->chunk;
    plan->window = fit < chunks ? fit : chunks;
    if (fit >= FEWEST_CHUNKS || fit >= chunks)
        return find_most_nonzero(&s->part[MD_SPLIT_TRAIN], plan->window, &plan->window_nonzero,
                                 err);
    const size_t needed = (size_t)2 * FEWEST_CHUNKS * file->chunk * sample;
    return md_fail(err, MD_USAGE,
                   "data.window: '%s' has chunks of %zu samples, of which two windows hold at "
                   "least %d each; give it %zu MB or more, or write the file with smaller chunks",
                   file->path, file->chunk, FEWEST_CHUNKS, (needed >> 20) + 1);
}
