/* The features that a streamed store does not hold. */
#include "store_streamed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "feature_file.h"
#include "statistics.h"

/* The last chunk stays, so that samples in a row are read once. */
typedef struct md_store_reading {
    md_feature_reader *reader;
    size_t chunk; /* samples of each */
    md_status status;
    md_error error;
} md_store_reading;

static const md_feature_file *file_of(const md_store *store, md_split split)
{
    return (const void *)(store->base + store->header->files[split]);
}

int md_store_is_streamed(const md_store *store)
{
    return store->header->files[0] || store->header->files[1];
}

md_status md_store_reader(const md_store *store, md_split split, md_feature_reader **out,
                          md_error *err)
{
    const md_h5_piece *pieces = (const void *)(store->base + store->header->pieces[split]);
    return md_feature_reader_create(file_of(store, split), pieces, out, err);
}

md_status md_store_open(md_store *store, md_error *err)
{
    md_status status = MD_OK;
    for (int split = 0; split < 2 && !status; split++) {
        if (!store->header->files[split])
            continue;
        store->reading[split] = calloc(1, sizeof *store->reading[split]);
        if (!store->reading[split])
            return md_fail_memory(err, "reading features", sizeof *store->reading[split]);
        store->reading[split]->chunk = file_of(store, (md_split)split)->chunk;
        status = md_store_reader(store, (md_split)split, &store->reading[split]->reader, err);
    }
    return status;
}

void md_store_close(md_store *store)
{
    for (int split = 0; split < 2; split++) {
        if (store->reading[split])
            md_feature_reader_destroy(&store->reading[split]->reader);
        free(store->reading[split]);
        store->reading[split] = NULL;
    }
}

md_status md_store_check(const md_store *store, md_error *err)
{
    for (int split = 0; split < 2; split++) {
        const struct md_store_reading *reading = store->reading[split];
        if (!reading || !reading->status)
            continue;
        if (err)
            *err = reading->error;
        return reading->status;
    }
    return MD_OK;
}

void md_store_read(const md_store *store, md_split split, size_t image, void *out)
{
    struct md_store_reading *reading = store->reading[split];
    const size_t size =
        md_store_features(store) * md_element_size((md_element)store->header->element);
    const void *samples;
    size_t count;
    if (!reading->status)
        reading->status = md_feature_reader_read(reading->reader, image / reading->chunk, &samples,
                                                 &count, &reading->error);
    if (reading->status)
        memset(out, 0, size);
    else
        memcpy(out, (const char *)samples + image % reading->chunk * size, size);
}

md_chunk_plan md_store_chunks(const md_store *store, size_t trained)
{
    return (md_chunk_plan){trained, store->header->chunk, store->header->window};
}

const uint64_t *md_store_chunk_nonzero(const md_store *store)
{
    return (const void *)(store->base + store->header->nonzero[MD_SPLIT_TRAIN]);
}

md_status md_store_check_chunk(const md_store *store, size_t chunk, const void *samples,
                               size_t count, md_error *err)
{
    const size_t now = md_count_nonzero((md_element)store->header->element, samples,
                                        count * md_store_features(store));
    const uint64_t then = md_store_chunk_nonzero(store)[chunk];
    if (now == then)
        return MD_OK;
    return md_fail(err, MD_BAD_DATA,
                   "'%s': was changed while it was in use: of the features of %zu samples %zu are "
                   "not 0 and %" PRIu64 " were not; put back what it was and go on with --resume",
                   file_of(store, MD_SPLIT_TRAIN)->path, count, now, then);
}

const char *md_store_sha256(const md_store *store, md_split split)
{
    const size_t offset = store->header->sha256[split];
    return offset ? (const char *)(store->base + offset) : NULL;
}
