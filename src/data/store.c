#include "mnist_dist/data/store.h"

#include <string.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/memory.h"

enum { SPARSE_MAX_FEATURES = UINT16_MAX + 1 };

_Static_assert(sizeof(md_store_header) % sizeof(uint64_t) == 0, "no padding may enter the digest");

#define MD_ROW(NAME, name) #name,
static const char *const words[] = {MD_STORAGES(MD_ROW)};
#undef MD_ROW

const char *md_storage_word(md_storage storage)
{
    return words[storage];
}

md_storage md_storage_find(const char *word)
{
    for (int i = 0; i < MD_STORAGE_COUNT; i++)
        if (strcmp(words[i], word) == 0)
            return (md_storage)i;
    return MD_STORAGE_AUTO;
}

static size_t features_of(const md_source_shape *shape)
{
    return shape->rows * shape->columns;
}

/* Byte-wide counters, emptied before they can wrap, keep the loop in full vector registers. */
static size_t count_nonzero(const uint8_t *bytes, size_t n)
{
    enum { LANES = 64 };
    size_t total = 0, i = 0;
    while (n - i >= LANES) {
        uint8_t lane[LANES] = {0};
        size_t rounds = (n - i) / LANES < UINT8_MAX ? (n - i) / LANES : UINT8_MAX;
        for (size_t end = i + rounds * LANES; i < end; i += LANES)
            for (size_t k = 0; k < LANES; k++)
                lane[k] = (uint8_t)(lane[k] + (bytes[i + k] != 0));
        for (size_t k = 0; k < LANES; k++)
            total += lane[k];
    }
    for (; i < n; i++)
        total += bytes[i] != 0;
    return total;
}

static int count_classes(const md_source_shape *shape, uint8_t *const labels[2])
{
    int largest = 0;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; i < shape->images[split]; i++)
            if (labels[split][i] > largest)
                largest = labels[split][i];
    return largest + 1;
}

/* Appends `size` bytes to the block being planned and returns where they start. */
static size_t place(md_store_header *plan, size_t size)
{
    size_t offset = plan->bytes;
    plan->bytes += (size + MD_ALIGNMENT - 1) / MD_ALIGNMENT * MD_ALIGNMENT;
    return offset;
}

static void place_arrays(md_store_header *plan, const size_t nonzero[2])
{
    place(plan, sizeof *plan);
    for (int split = 0; split < 2; split++) {
        size_t n = plan->shape.images[split];
        plan->labels[split] = place(plan, n);
        if (plan->storage == MD_STORAGE_DENSE) {
            plan->pixels[split] = place(plan, n * features_of(&plan->shape));
            continue;
        }
        plan->row_start[split] = place(plan, (n + 1) * sizeof(uint64_t));
        plan->index[split] = place(plan, nonzero[split] * sizeof(uint16_t));
        plan->value[split] = place(plan, nonzero[split]);
    }
}

md_status md_store_plan(const md_source_shape *shape, uint8_t *const images[2],
                        uint8_t *const labels[2], md_storage wanted, md_store_header *plan,
                        md_error *err)
{
    size_t features = features_of(shape), nonzero[2];
    if (wanted == MD_STORAGE_SPARSE && features > SPARSE_MAX_FEATURES)
        return md_fail(err, MD_USAGE,
                       "data.storage: sparse rows hold at most %d pixels an image, this data set "
                       "has %zu x %zu; use data.storage=dense",
                       SPARSE_MAX_FEATURES, shape->rows, shape->columns);
    for (int split = 0; split < 2; split++)
        nonzero[split] = count_nonzero(images[split], shape->images[split] * features);

    *plan = (md_store_header){.shape = *shape, .storage = (int32_t)wanted};
    const md_split first = shape->images[MD_SPLIT_TRAIN] ? MD_SPLIT_TRAIN : MD_SPLIT_TEST;
    const size_t pixels = shape->images[first] * features;
    plan->density = pixels ? (double)nonzero[first] / (double)pixels : 0.0;
    plan->classes = count_classes(shape, labels);
    if (wanted == MD_STORAGE_AUTO) {
        int pays = plan->density < MD_SPARSE_DENSITY && features <= SPARSE_MAX_FEATURES;
        plan->storage = pays ? MD_STORAGE_SPARSE : MD_STORAGE_DENSE;
    }
    place_arrays(plan, nonzero);
    return MD_OK;
}

/* Bit i tells whether pixel i of eight is not zero. */
static uint64_t nonzero_bits8(const uint8_t *pixels)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f, gather = 0x0102040810204080;
    uint64_t word;
    memcpy(&word, pixels, sizeof word);
    uint64_t highest = (((word & low) + low) | word) & ~low;
    return ((highest >> 7) * gather) >> 56;
}

/* The same for up to 64 pixels. */
static uint64_t nonzero_bits(const uint8_t *pixels, size_t n)
{
    uint64_t bits = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        bits |= nonzero_bits8(pixels + i) << i;
    for (; i < n; i++)
        bits |= (uint64_t)(pixels[i] != 0) << i;
    return bits;
}

/* Appends one image's non-zero pixels at position k and returns the position after them. Going by
 * 64 pixels at a time, the processor mispredicts one loop's end instead of every stroke's edges. */
static uint64_t compress(const uint8_t *pixels, size_t features, uint16_t *index, uint8_t *value,
                         uint64_t k)
{
    enum { GROUP = 64 };
    for (size_t i = 0; i < features; i += GROUP) {
        size_t n = features - i < GROUP ? features - i : GROUP;
        uint64_t ink = nonzero_bits(pixels + i, n);
        for (; ink; ink &= ink - 1) {
            size_t pixel = i + (size_t)__builtin_ctzll(ink);
            index[k] = (uint16_t)pixel;
            value[k++] = pixels[pixel];
        }
    }
    return k;
}

static void fill_sparse(const md_store_header *plan, md_split split, const uint8_t *images,
                        uint8_t *base)
{
    size_t features = features_of(&plan->shape);
    uint64_t *row_start = (void *)(base + plan->row_start[split]);
    uint16_t *index = (void *)(base + plan->index[split]);
    uint8_t *value = base + plan->value[split];
    row_start[0] = 0;
    for (size_t i = 0; i < plan->shape.images[split]; i++)
        row_start[i + 1] = compress(images + i * features, features, index, value, row_start[i]);
}

/* Gaps between the arrays are part of the digest. */
static void clear_gaps(const md_store_header *plan, uint8_t *base)
{
    for (int split = 0; split < 2; split++) {
        const size_t starts[] = {plan->labels[split], plan->pixels[split], plan->row_start[split],
                                 plan->index[split],  plan->value[split],  plan->bytes};
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            if (starts[i])
                memset(base + starts[i] - MD_ALIGNMENT, 0, MD_ALIGNMENT);
    }
}

void md_store_fill(const md_store_header *plan, uint8_t *const images[2], uint8_t *const labels[2],
                   void *block)
{
    uint8_t *base = block;
    clear_gaps(plan, base);
    memcpy(base, plan, sizeof *plan);
    for (int split = 0; split < 2; split++) {
        size_t n = plan->shape.images[split];
        if (n > 0)
            memcpy(base + plan->labels[split], labels[split], n);
        if (plan->storage == MD_STORAGE_SPARSE)
            fill_sparse(plan, (md_split)split, images[split], base);
        else if (n > 0)
            memcpy(base + plan->pixels[split], images[split], n * features_of(&plan->shape));
    }
}

md_store md_store_view(const void *block)
{
    return (md_store){.header = block, .base = block};
}

md_storage md_store_storage(const md_store *store)
{
    return (md_storage)store->header->storage;
}

size_t md_store_images(const md_store *store, md_split split)
{
    return store->header->shape.images[split];
}

size_t md_store_features(const md_store *store)
{
    return features_of(&store->header->shape);
}

const uint8_t *md_store_labels(const md_store *store, md_split split)
{
    return store->base + store->header->labels[split];
}

md_sparse_row md_store_sparse_row(const md_store *store, md_split split, size_t image)
{
    const md_store_header *header = store->header;
    const uint64_t *row_start = (const void *)(store->base + header->row_start[split]);
    const uint16_t *index = (const void *)(store->base + header->index[split]);
    uint64_t begin = row_start[image];
    return (md_sparse_row){.index = index + begin,
                           .value = store->base + header->value[split] + begin,
                           .count = (uint32_t)(row_start[image + 1] - begin)};
}

void md_store_image(const md_store *store, md_split split, size_t image, uint8_t *out)
{
    size_t features = md_store_features(store);
    if (store->header->storage == MD_STORAGE_DENSE) {
        memcpy(out, store->base + store->header->pixels[split] + image * features, features);
        return;
    }
    md_sparse_row row = md_store_sparse_row(store, split, image);
    memset(out, 0, features);
    for (uint32_t k = 0; k < row.count; k++)
        out[row.index[k]] = row.value[k];
}

uint64_t md_store_digest(const md_store *store)
{
    return md_digest_bytes(store->base, store->header->bytes);
}
