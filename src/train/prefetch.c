#include "prefetch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/shared.h"

enum { SLOTS = 2 };

/* Where a sample's row lies among those of its window. */
typedef struct row_place {
    uint32_t begin, count;
} row_place;

/* A window's room, the same on every rank of a node. */
typedef struct slot {
    uint32_t *ids;     /* [capacity] */
    uint8_t *features; /* [capacity][size]; NULL: rows */
    row_place *places; /* [capacity] */
    uint16_t *index;   /* [header->window_nonzero] */
    uint8_t *value;
} slot;

struct md_prefetch {
    md_comm *comm;
    md_prefetch_params params;
    md_chunk_plan plan;
    size_t features, size; /* of a sample: how many, and bytes */
    int64_t windows, last; /* of an epoch; the last one of all */
    md_shared *shared;
    slot slots[SLOTS];

    /* Windows count from the first epoch's first; window g has slot g % SLOTS. */
    int64_t first;  /* the one that the last batch began in; -1: there was none */
    int64_t ready;  /* the last one that can be used */
    int64_t begun;  /* the last one that is or was read */
    md_range span;  /* positions of `first` in its epoch */
    int64_t sorted; /* the epoch of `order`, or -1 */
    uint32_t *order;

    /* The thread's own, but between jobs: */
    pthread_t thread;
    md_beating watching; /* the thread that may wait for it */
    int has_thread;
    md_feature_reader *reader;
    uint32_t *chunks, *places;
    /* and what it is told and tells, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t job; /* the window to be read; -1: none */
    _Atomic int quit;
    md_status status;
    md_error error;
};

/* Where the parts of a slot begin, and the bytes of all. */
typedef struct slot_plan {
    size_t features, places, index, value, bytes;
} slot_plan;

static slot_plan plan_slot(const md_prefetch *p)
{
    const size_t capacity = p->plan.window * p->plan.chunk;
    const size_t nonzero = p->params.store->header->window_nonzero;
    slot_plan plan = {.features = md_aligned(capacity * sizeof(uint32_t))};
    plan.places = plan.features + md_aligned(p->params.rows ? 0 : capacity * p->size);
    plan.index = plan.places + md_aligned(p->params.rows ? capacity * sizeof(row_place) : 0);
    plan.value = plan.index + md_aligned(p->params.rows ? nonzero * sizeof(uint16_t) : 0);
    plan.bytes = plan.value + md_aligned(p->params.rows ? nonzero : 0);
    return plan;
}

static slot lay_out(const md_prefetch *p, uint8_t *base)
{
    const slot_plan plan = plan_slot(p);
    return (slot){.ids = (void *)base,
                  .features = p->params.rows ? NULL : base + plan.features,
                  .places = (void *)(base + plan.places),
                  .index = (void *)(base + plan.index),
                  .value = base + plan.value};
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The samples of one chunk, of which `before` come before it in the window, into the slot. */
static void put_chunk(const md_prefetch *p, const slot *s, size_t chunk, size_t before,
                      size_t nonzero, const uint8_t *samples)
{
    const size_t count = md_chunk_samples(&p->plan, chunk);
    for (size_t k = 0; k < count; k++, samples += p->size) {
        const size_t place = p->places[before + k];
        s->ids[place] = (uint32_t)(chunk * p->plan.chunk + k);
        if (s->features) {
            memcpy(s->features + place * p->size, samples, p->size);
            continue;
        }
        const size_t used =
            md_store_compress(samples, p->features, s->index + nonzero, s->value + nonzero);
        s->places[place] = (row_place){(uint32_t)nonzero, (uint32_t)used};
        nonzero += used;
    }
}

/* This rank's share of a window's chunks. */
static md_status read_window(md_prefetch *p, int64_t window, md_error *err)
{
    const uint32_t epoch = (uint32_t)(window / p->windows);
    const size_t w = (size_t)(window % p->windows), all = md_chunk_count(&p->plan);
    const size_t ranks = (size_t)md_comm_node_size(p->comm);
    const size_t rank = (size_t)md_comm_node_rank(p->comm);
    const uint64_t *nonzero = md_store_chunk_nonzero(p->params.store);
    size_t before = 0, used = 0;
    md_status status = MD_OK;
    md_chunk_order(&p->plan, p->params.seed, epoch, p->params.shuffle, p->chunks);
    const md_range span = md_chunk_window(&p->plan, p->chunks, w);
    md_chunk_places(span, p->params.seed, epoch, p->params.shuffle, p->places);
    for (size_t i = 0; i < p->plan.window && w * p->plan.window + i < all && !status; i++) {
        const size_t chunk = p->chunks[w * p->plan.window + i];
        const void *samples;
        size_t count;
        if (i % ranks == rank && !p->quit) {
            status = md_feature_reader_read(p->reader, chunk, &samples, &count, err);
            if (!status)
                status = md_store_check_chunk(p->params.store, chunk, samples, count, err);
            if (!status)
                put_chunk(p, &p->slots[window % SLOTS], chunk, before, used, samples);
        }
        before += md_chunk_samples(&p->plan, chunk);
        used += nonzero[chunk];
    }
    return status;
}

static void *work(void *prefetch)
{
    md_prefetch *p = prefetch;
    md_beat_watch(p->watching);
    pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        if (p->job < 0) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        const int64_t job = p->job;
        pthread_mutex_unlock(&p->lock);
        const md_status status = read_window(p, job, &p->error);
        pthread_mutex_lock(&p->lock);
        p->status = status;
        p->job = -1;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals are the main thread's. */
static md_status start_thread(md_prefetch *p, md_error *err)
{
    sigset_t all, before;
    p->watching = md_beat_watched_by();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    p->has_thread = pthread_create(&p->thread, NULL, work, p) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->has_thread ? MD_OK
                         : md_fail(err, MD_FAILED,
                                   "a thread that reads ahead could not be started; allow this "
                                   "user more processes (ulimit -u)");
}

static md_status check_batch(const md_prefetch *p, md_error *err)
{
    const size_t fewest = p->plan.window * p->plan.chunk - (p->plan.chunk - 1);
    if (p->windows == 1 || p->params.batch <= fewest)
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "data.window: half of it holds %zu samples, less than a batch of %zu; give it "
                   "more MB, or a smaller train.batch_size",
                   fewest, p->params.batch);
}

static md_status prepare(md_prefetch *p, md_error *err)
{
    const size_t chunks = md_chunk_count(&p->plan), size = sizeof *p->order;
    md_status status = check_batch(p, err);
    if (!status)
        status = md_allocate((void **)&p->order, chunks, size, "the order of chunks", err);
    if (!status)
        status = md_allocate((void **)&p->chunks, chunks, size, "the order of chunks", err);
    if (!status)
        status = md_allocate((void **)&p->places, p->plan.window * p->plan.chunk, size,
                             "the order of samples", err);
    return status ? status : md_store_reader(p->params.store, MD_SPLIT_TRAIN, &p->reader, err);
}

static md_status share(md_prefetch *p, md_error *err)
{
    const size_t bytes = plan_slot(p).bytes;
    md_status status = md_shared_create(p->comm, SLOTS * bytes, &p->shared, err);
    status = md_agree(p->comm, status, err);
    for (size_t i = 0; i < SLOTS && !status; i++)
        p->slots[i] = lay_out(p, (uint8_t *)md_shared_base(p->shared) + i * bytes);
    return status;
}

md_status md_prefetch_create(md_comm *comm, const md_prefetch_params *params, md_prefetch **out,
                             md_error *err)
{
    void *created;
    *out = NULL;
    md_status status = md_allocate(&created, 1, sizeof **out, "reading ahead", err);
    status = md_agree(comm, status, err);
    if (status) {
        free(created);
        return status;
    }
    md_prefetch *p = created;
    const md_store *store = params->store;
    *p = (md_prefetch){.comm = comm, .params = *params, .first = -1, .sorted = -1, .job = -1};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->plan = md_store_chunks(store, params->trained);
    p->features = md_store_features(store);
    p->size = p->features * md_element_size((md_element)store->header->element);
    p->windows = (int64_t)md_chunk_windows(&p->plan);
    p->last = p->windows * params->epochs - 1;
    status = md_agree(comm, prepare(p, err), err);
    if (!status)
        status = share(p, err);
    if (!status)
        status = md_agree(comm, start_thread(p, err), err);
    if (status)
        md_prefetch_destroy(&p);
    *out = p;
    return status;
}

void md_prefetch_destroy(md_prefetch **prefetch)
{
    md_prefetch *p = *prefetch;
    if (!p)
        return;
    if (p->has_thread) {
        pthread_mutex_lock(&p->lock);
        p->quit = 1;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    md_feature_reader_destroy(&p->reader);
    md_shared_destroy(&p->shared);
    free(p->order);
    free(p->chunks);
    free(p->places);
    free(p);
    *prefetch = NULL;
}

static void begin(md_prefetch *p, int64_t window)
{
    pthread_mutex_lock(&p->lock);
    p->job = p->begun = window;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* Waits for this rank's thread, then for all others'. What threads wrote is their rank's own when
 * it has taken the lock; syncs around the agreement make it the node's, as in md_shared_fence. */
static md_status finish(md_prefetch *p, md_error *err)
{
    pthread_mutex_lock(&p->lock);
    while (p->job >= 0)
        pthread_cond_wait(&p->changed, &p->lock);
    md_status status = p->status;
    if (status && err)
        *err = p->error;
    pthread_mutex_unlock(&p->lock);
    if (!status)
        status = md_shared_sync(p->shared, err);
    status = md_agree(p->comm, status, err);
    if (!status)
        status = md_shared_sync(p->shared, err);
    p->ready = p->begun;
    return status;
}

/* The window that holds a position, from p->first on, whose positions become p->span. */
static int64_t find(md_prefetch *p, int64_t epoch, size_t position)
{
    int64_t g = p->first / p->windows == epoch && p->first >= 0 ? p->first : epoch * p->windows;
    if (g == p->first && position < p->span.begin + p->span.count)
        return g;
    if (p->sorted != epoch)
        md_chunk_order(&p->plan, p->params.seed, (uint32_t)epoch, p->params.shuffle, p->order);
    p->sorted = epoch;
    for (;; g++) {
        p->span = md_chunk_window(&p->plan, p->order, (size_t)(g % p->windows));
        if (position < p->span.begin + p->span.count)
            return g;
    }
}

md_status md_prefetch_need(md_prefetch *p, int64_t epoch, md_range batch, md_error *err)
{
    const int64_t first = find(p, epoch, batch.begin);
    const int64_t last = first + (batch.begin + batch.count > p->span.begin + p->span.count);
    md_status status = MD_OK;
    if (p->first < 0)
        p->ready = p->begun = first - 1;
    else if (first > p->first) /* until all ranks are past it, a window is not filled again */
        status = md_shared_fence(p->shared, err);
    p->first = first;
    while (!status && p->ready < last) {
        if (p->begun == p->ready)
            begin(p, p->ready + 1);
        status = finish(p, err);
    }
    if (!status && p->begun == p->ready && p->begun < least(first + 1, p->last))
        begin(p, p->begun + 1);
    return status;
}

/* The slot of a position of the last batch, which becomes the place in it. */
static const slot *find_slot(const md_prefetch *p, size_t *position)
{
    const size_t border = p->span.begin + p->span.count;
    const int next = *position >= border;
    *position -= next ? border : p->span.begin;
    return &p->slots[(p->first + next) % SLOTS];
}

uint32_t md_prefetch_id(const md_prefetch *p, size_t position)
{
    return find_slot(p, &position)->ids[position];
}

md_sparse_row md_prefetch_row(const md_prefetch *p, size_t position)
{
    const slot *s = find_slot(p, &position);
    const row_place row = s->places[position];
    return (md_sparse_row){
        .index = s->index + row.begin, .value = s->value + row.begin, .count = row.count};
}

const void *md_prefetch_features(const md_prefetch *p, size_t position)
{
    return find_slot(p, &position)->features + position * p->size;
}
