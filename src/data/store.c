#include "mnist_dist/data/store.h"

#include <math.h>
#include <string.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/memory.h"
#include "statistics.h"
#include "store_streamed.h"
#include "streamed.h"

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

static int32_t count_classes(const md_samples *samples)
{
    int32_t largest = -1;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; samples->labels[split] && i < samples->shape.images[split]; i++)
            if (samples->labels[split][i] > largest)
                largest = samples->labels[split][i];
    return largest + 1;
}

/* Appends `size` bytes to the block being planned and returns where they start. */
static size_t place(md_store_header *plan, size_t size)
{
    size_t offset = plan->bytes;
    plan->bytes += md_aligned(size);
    return offset;
}

static void place_streamed(md_store_header *plan, const md_streamed_part *part, int split)
{
    if (part->file.chunk == 0)
        return;
    plan->files[split] = place(plan, sizeof part->file);
    plan->pieces[split] = place(plan, part->file.piece_count * sizeof *part->pieces);
    plan->nonzero[split] = place(plan, md_feature_file_chunks(&part->file) * sizeof *part->nonzero);
    plan->sha256[split] = place(plan, MD_DATA_SHA256_LINE);
}

static void place_arrays(md_store_header *plan, const md_samples *samples, const size_t nonzero[2])
{
    const size_t features = md_samples_features(&plan->shape);
    place(plan, sizeof *plan);
    if (plan->scale == MD_SCALE_STANDARDIZE) {
        plan->mean = place(plan, features * sizeof(float));
        plan->inverse = place(plan, features * sizeof(float));
    }
    for (int split = 0; split < 2; split++) {
        size_t n = plan->shape.images[split];
        if (samples->labels[split])
            plan->labels[split] = place(plan, n * sizeof(int32_t));
        if (samples->values[split])
            plan->values[split] = place(plan, n * plan->targets * sizeof(float));
        if (samples->streamed) {
            place_streamed(plan, &samples->streamed->part[split], split);
            continue;
        }
        if (plan->storage == MD_STORAGE_DENSE) {
            plan->pixels[split] = place(plan, n * features * md_element_size(samples->element));
            continue;
        }
        plan->row_start[split] = place(plan, (n + 1) * sizeof(uint64_t));
        plan->index[split] = place(plan, nonzero[split] * sizeof(uint16_t));
        plan->value[split] = place(plan, nonzero[split]);
    }
}

static size_t count_lines(const char *text)
{
    size_t lines = text != NULL;
    for (; text && *text; text++)
        lines += *text == '\n';
    return lines;
}

/* Whether compressed rows are possible, and whether they pay. */
static md_status choose_storage(const md_samples *samples, md_storage wanted, double density,
                                md_storage *out, md_error *err)
{
    const md_source_shape *shape = &samples->shape;
    const int fits = md_samples_features(shape) <= SPARSE_MAX_FEATURES;
    const int bytes = samples->element == MD_ELEMENT_U8 && samples->scale.kind == MD_SCALE_UNIT;
    *out = wanted;
    if (wanted == MD_STORAGE_AUTO)
        *out = density < MD_SPARSE_DENSITY && fits && bytes ? MD_STORAGE_SPARSE : MD_STORAGE_DENSE;
    if (*out != MD_STORAGE_SPARSE || (fits && bytes))
        return MD_OK;
    if (!bytes)
        return md_fail(err, MD_USAGE,
                       "data.storage: sparse rows hold bytes that the model sees as v / 255, which "
                       "this data set is not; use data.storage=dense");
    return md_fail(err, MD_USAGE,
                   "data.storage: sparse rows hold at most %d pixels an image, this data set "
                   "has %zu x %zu; use data.storage=dense",
                   SPARSE_MAX_FEATURES, shape->rows, shape->columns);
}

/* Compressed rows of a streamed data set must not take more than the bytes that they stand for. */
static md_status fit_rows(md_storage wanted, md_store_header *plan, md_error *err)
{
    const size_t bytes = plan->window * plan->chunk * md_samples_features(&plan->shape);
    if (plan->storage != MD_STORAGE_SPARSE ||
        plan->window_nonzero * (sizeof(uint16_t) + 1) <= bytes)
        return MD_OK;
    plan->storage = MD_STORAGE_DENSE;
    if (wanted == MD_STORAGE_AUTO)
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "data.storage: sparse rows of this data set take more memory than data.window "
                   "leaves them; use data.storage=dense");
}

md_status md_store_plan(const md_samples *samples, md_storage wanted, md_store_header *plan,
                        md_error *err)
{
    const md_source_shape *shape = &samples->shape;
    const size_t features = md_samples_features(shape);
    size_t nonzero[2];
    md_storage storage;
    for (int split = 0; split < 2; split++)
        nonzero[split] =
            samples->streamed
                ? md_streamed_nonzero(samples->streamed, (md_split)split)
                : md_count_nonzero(samples->element, samples->features[split],
                                   samples->features[split] ? shape->images[split] * features : 0);
    const md_split first = shape->images[MD_SPLIT_TRAIN] ? MD_SPLIT_TRAIN : MD_SPLIT_TEST;
    const size_t pixels = shape->images[first] * features;
    const double density = pixels ? (double)nonzero[first] / (double)pixels : 0.0;
    md_status status = choose_storage(samples, wanted, density, &storage, err);
    if (status)
        return status;
    *plan = (md_store_header){.shape = *shape,
                              .storage = (int32_t)storage,
                              .element = (int32_t)samples->element,
                              .scale = (int32_t)samples->scale.kind,
                              .classes = count_classes(samples),
                              .named = count_lines(samples->scale.class_names),
                              .targets = samples->targets,
                              .density = density};
    if (samples->streamed) {
        status = md_streamed_cut(samples, plan, err);
        if (!status)
            status = fit_rows(wanted, plan, err);
    }
    if (status)
        return status;
    place_arrays(plan, samples, nonzero);
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

/* Going by 64 pixels at a time, the processor mispredicts one loop's end instead of every stroke's
 * edges. */
size_t md_store_compress(const uint8_t *pixels, size_t features, uint16_t *index, uint8_t *value)
{
    enum { GROUP = 64 };
    size_t k = 0;
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
    size_t features = md_samples_features(&plan->shape);
    uint64_t *row_start = (void *)(base + plan->row_start[split]);
    uint16_t *index = (void *)(base + plan->index[split]);
    uint8_t *value = base + plan->value[split];
    row_start[0] = 0;
    for (size_t i = 0; i < plan->shape.images[split]; i++) {
        row_start[i + 1] =
            row_start[i] + md_store_compress(images + i * features, features, index + row_start[i],
                                             value + row_start[i]);
        md_beat();
    }
}

/* Gaps between the arrays are part of the digest. */
static void clear_gaps(const md_store_header *plan, uint8_t *base)
{
    const size_t common[] = {plan->mean, plan->inverse, plan->bytes};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (common[i])
            memset(base + common[i] - MD_ALIGNMENT, 0, MD_ALIGNMENT);
    for (int split = 0; split < 2; split++) {
        const size_t starts[] = {plan->labels[split],    plan->values[split], plan->pixels[split],
                                 plan->row_start[split], plan->index[split],  plan->value[split],
                                 plan->files[split],     plan->pieces[split], plan->nonzero[split],
                                 plan->sha256[split]};
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            if (starts[i])
                memset(base + starts[i] - MD_ALIGNMENT, 0, MD_ALIGNMENT);
    }
}

static void fill_scale(const md_store_header *plan, const md_scale *scale, uint8_t *base)
{
    if (plan->scale != MD_SCALE_STANDARDIZE)
        return;
    float *inverse = (void *)(base + plan->inverse);
    memcpy(base + plan->mean, scale->mean, scale->features * sizeof *scale->mean);
    for (size_t i = 0; i < scale->features; i++)
        inverse[i] = md_scale_inverse(scale->variance[i]);
}

static void fill_streamed(const md_store_header *plan, const md_streamed_part *part, int split,
                          uint8_t *base)
{
    if (!plan->files[split])
        return;
    memcpy(base + plan->files[split], &part->file, sizeof part->file);
    if (part->file.piece_count > 0)
        memcpy(base + plan->pieces[split], part->pieces,
               part->file.piece_count * sizeof *part->pieces);
    memcpy(base + plan->nonzero[split], part->nonzero,
           md_feature_file_chunks(&part->file) * sizeof *part->nonzero);
    memcpy(base + plan->sha256[split],
           plan->element == MD_ELEMENT_U8 ? part->sha256_as_bytes : part->sha256,
           MD_DATA_SHA256_LINE);
}

void md_store_fill(const md_store_header *plan, const md_samples *samples, void *block)
{
    const size_t size = md_samples_features(&plan->shape) * md_element_size(samples->element);
    uint8_t *base = block;
    clear_gaps(plan, base);
    memcpy(base, plan, sizeof *plan);
    fill_scale(plan, &samples->scale, base);
    for (int split = 0; split < 2; split++) {
        size_t n = plan->shape.images[split];
        if (n > 0 && plan->labels[split])
            memcpy(base + plan->labels[split], samples->labels[split], n * sizeof(int32_t));
        if (n > 0 && plan->values[split])
            memcpy(base + plan->values[split], samples->values[split],
                   n * plan->targets * sizeof(float));
        if (samples->streamed)
            fill_streamed(plan, &samples->streamed->part[split], split, base);
        else if (plan->storage == MD_STORAGE_SPARSE)
            fill_sparse(plan, (md_split)split, samples->features[split], base);
        else if (n > 0)
            memcpy(base + plan->pixels[split], samples->features[split], n * size);
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
    return md_samples_features(&store->header->shape);
}

static const void *array_at(const md_store *store, size_t offset)
{
    return offset ? store->base + offset : NULL;
}

const int32_t *md_store_labels(const md_store *store, md_split split)
{
    return array_at(store, store->header->labels[split]);
}

const float *md_store_values(const md_store *store, md_split split)
{
    return array_at(store, store->header->values[split]);
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

/* A dense sample where it lies. */
static const void *dense_sample(const md_store *store, md_split split, size_t image)
{
    const md_store_header *header = store->header;
    const size_t size = md_element_size((md_element)header->element);
    return store->base + header->pixels[split] + image * md_store_features(store) * size;
}

void md_store_sample(const md_store *store, md_split split, size_t image, void *out)
{
    const size_t features = md_store_features(store);
    if (store->reading[split]) {
        md_store_read(store, split, image, out);
        return;
    }
    if (store->header->storage == MD_STORAGE_DENSE) {
        memcpy(out, dense_sample(store, split, image),
               features * md_element_size((md_element)store->header->element));
        return;
    }
    uint8_t *bytes = out;
    md_sparse_row row = md_store_sparse_row(store, split, image);
    memset(bytes, 0, features);
    for (uint32_t k = 0; k < row.count; k++)
        bytes[row.index[k]] = row.value[k];
}

/* `out` may hold what it is made of at its far end, where bytes are widened from the front. */
void md_store_scale(const md_store *store, const void *features, float *out)
{
    const md_store_header *header = store->header;
    const size_t count = md_store_features(store);
    const float *mean = array_at(store, header->mean), *inverse = array_at(store, header->inverse);
    const uint8_t *bytes = features;
    if (header->element == MD_ELEMENT_U8)
        for (size_t i = 0; i < count; i++)
            out[i] = (float)bytes[i];
    else if (features != out)
        memcpy(out, features, count * sizeof *out);
    for (size_t i = 0; header->scale == MD_SCALE_UNIT && i < count; i++)
        out[i] /= 255.0f;
    for (size_t i = 0; header->scale == MD_SCALE_STANDARDIZE && i < count; i++)
        out[i] = (out[i] - mean[i]) * inverse[i];
}

void md_store_scaled(const md_store *store, md_split split, size_t image, float *out)
{
    const size_t count = md_store_features(store);
    void *end =
        (uint8_t *)(out + count) - count * md_element_size((md_element)store->header->element);
    md_store_sample(store, split, image, end);
    md_store_scale(store, end, out);
}

void md_store_image(const md_store *store, md_split split, size_t image, uint8_t *out)
{
    if (store->header->element == MD_ELEMENT_U8) {
        md_store_sample(store, split, image, out);
        return;
    }
    const size_t features = md_store_features(store);
    const float *x = dense_sample(store, split, image);
    float least = 0.0f, most = 0.0f;
    for (size_t i = 0; i < features; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    for (size_t i = 0; i < features; i++)
        out[i] = most > least ? (uint8_t)lroundf((x[i] - least) / (most - least) * 255.0f) : 0;
}

uint64_t md_store_digest(const md_store *store)
{
    return md_digest_bytes(store->base, store->header->bytes);
}
