#include "mnist_dist/data/store.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/rng.h"
#include "runner.h"

/* Images and labels to store, and the block they were stored in. */
typedef struct stored {
    md_source_shape shape;
    uint8_t *images[2];
    int32_t *labels[2];
    md_store_header plan;
    void *block;
    md_store store;
} stored;

static void *aligned(size_t size, int fill)
{
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    memset(memory, fill, size);
    return memory;
}

/* Random pixels of which a share of `density` is not zero. */
static void make_images(stored *s, double density)
{
    size_t features = s->shape.rows * s->shape.columns;
    md_rng_key key = {.seed = 5, .stream = MD_STREAM_SYNTHETIC};
    for (int split = 0; split < 2; split++) {
        size_t pixels = s->shape.images[split] * features;
        s->images[split] = malloc(pixels + 1);
        s->labels[split] = malloc((s->shape.images[split] + 1) * sizeof(int32_t));
        for (size_t i = 0; i < pixels; i++) {
            uint32_t word[4];
            md_rng_block(&key, (uint64_t)split << 40 | i, word);
            int ink = (double)word[0] < density * 4294967296.0;
            s->images[split][i] = ink ? (uint8_t)(1 + word[1] % 255) : 0;
        }
        for (size_t i = 0; i < s->shape.images[split]; i++)
            s->labels[split][i] = (int32_t)(i % 7);
    }
}

static md_samples samples_of(const stored *s)
{
    return (md_samples){.shape = s->shape,
                        .features = {s->images[0], s->images[1]},
                        .labels = {s->labels[0], s->labels[1]}};
}

static md_status make_store(stored *s, md_storage wanted, int garbage)
{
    const md_samples samples = samples_of(s);
    md_status status = md_store_plan(&samples, wanted, &s->plan, NULL);
    if (status)
        return status;
    s->block = aligned(s->plan.bytes, garbage);
    md_store_fill(&s->plan, &samples, s->block);
    s->store = md_store_view(s->block);
    return MD_OK;
}

static void free_store(stored *s)
{
    for (int split = 0; split < 2; split++) {
        free(s->images[split]);
        free(s->labels[split]);
    }
    free(s->block);
}

static int same_images(const stored *s, const md_store *store)
{
    size_t features = md_store_features(store);
    uint8_t *image = malloc(features);
    int same = features == s->shape.rows * s->shape.columns;
    for (int split = 0; split < 2; split++) {
        size_t n = md_store_images(store, (md_split)split);
        same = same && n == s->shape.images[split] &&
               memcmp(md_store_labels(store, (md_split)split), s->labels[split],
                      n * sizeof(int32_t)) == 0;
        for (size_t i = 0; same && i < n; i++) {
            md_store_image(store, (md_split)split, i, image);
            same = memcmp(image, s->images[split] + i * features, features) == 0;
        }
    }
    free(image);
    return same;
}

/* Rows name exactly the pixels that are not zero, in ascending order. */
static int rows_are_right(const stored *s)
{
    size_t features = s->shape.rows * s->shape.columns;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; i < s->shape.images[split]; i++) {
            const uint8_t *image = s->images[split] + i * features;
            md_sparse_row row = md_store_sparse_row(&s->store, (md_split)split, i);
            uint32_t k = 0;
            for (size_t pixel = 0; pixel < features; pixel++) {
                if (image[pixel] == 0)
                    continue;
                if (k >= row.count || row.index[k] != pixel || row.value[k] != image[pixel])
                    return 0;
                k++;
            }
            if (k != row.count)
                return 0;
        }
    return 1;
}

static const md_source_shape shapes[] = {
    {28, 28, {40, 7}}, {1, 1, {9, 1}},     {3, 5, {20, 0}},  {8, 8, {5, 5}},
    {7, 9, {11, 3}},   {1, 65536, {2, 1}}, {16, 65, {3, 2}}, {64, 1, {1, 1}},
};
static const double densities[] = {0.0, 0.01, 0.19, 0.5, 0.9, 1.0};

static void whatever_goes_in_comes_out(void)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t j = 0; j < sizeof densities / sizeof *densities; j++)
            for (int wanted = MD_STORAGE_AUTO; wanted <= MD_STORAGE_SPARSE; wanted++) {
                stored s = {.shape = shapes[i]};
                make_images(&s, densities[j]);
                CU_ASSERT_EQUAL_FATAL(make_store(&s, (md_storage)wanted, 0xa5), MD_OK);
                CU_ASSERT(same_images(&s, &s.store));
                if (s.plan.storage == MD_STORAGE_SPARSE)
                    CU_ASSERT(rows_are_right(&s));
                free_store(&s);
            }
}

static void a_block_works_at_another_address(void)
{
    for (int wanted = MD_STORAGE_DENSE; wanted <= MD_STORAGE_SPARSE; wanted++) {
        stored s = {.shape = shapes[0]};
        make_images(&s, 0.2);
        CU_ASSERT_EQUAL_FATAL(make_store(&s, (md_storage)wanted, 0), MD_OK);
        void *copy = aligned(s.plan.bytes, 0);
        memcpy(copy, s.block, s.plan.bytes);
        memset(s.block, 0xff, s.plan.bytes);
        md_store view = md_store_view(copy);
        CU_ASSERT(same_images(&s, &view));
        free(copy);
        free_store(&s);
    }
}

static void the_digest_depends_on_the_data_only(void)
{
    for (int wanted = MD_STORAGE_DENSE; wanted <= MD_STORAGE_SPARSE; wanted++) {
        stored a = {.shape = shapes[4]}, b = {.shape = shapes[4]};
        make_images(&a, 0.3);
        make_images(&b, 0.3);
        CU_ASSERT_EQUAL_FATAL(make_store(&a, (md_storage)wanted, 0x00), MD_OK);
        CU_ASSERT_EQUAL_FATAL(make_store(&b, (md_storage)wanted, 0xff), MD_OK);
        CU_ASSERT_EQUAL(md_store_digest(&a.store), md_store_digest(&b.store));
        b.images[1][5] ^= 1;
        free(b.block);
        CU_ASSERT_EQUAL_FATAL(make_store(&b, (md_storage)wanted, 0xff), MD_OK);
        CU_ASSERT_NOT_EQUAL(md_store_digest(&a.store), md_store_digest(&b.store));
        free_store(&a);
        free_store(&b);
    }
}

static double naive_density(const stored *s)
{
    size_t pixels = s->shape.images[0] * s->shape.rows * s->shape.columns, ink = 0;
    for (size_t i = 0; i < pixels; i++)
        ink += s->images[0][i] != 0;
    return (double)ink / (double)pixels;
}

static void density_decides_the_storage(void)
{
    for (size_t j = 0; j < sizeof densities / sizeof *densities; j++) {
        stored s = {.shape = {28, 28, {400, 3}}};
        make_images(&s, densities[j]);
        CU_ASSERT_EQUAL_FATAL(make_store(&s, MD_STORAGE_AUTO, 0), MD_OK);
        CU_ASSERT_DOUBLE_EQUAL(s.plan.density, naive_density(&s), 0.0);
        int pays = naive_density(&s) < MD_SPARSE_DENSITY;
        CU_ASSERT_EQUAL(s.plan.storage, pays ? MD_STORAGE_SPARSE : MD_STORAGE_DENSE);
        free_store(&s);
    }
}

static void images_too_large_for_sparse_rows_stay_dense(void)
{
    stored s = {.shape = {257, 256, {2, 1}}};
    make_images(&s, 0.1);
    md_error err;
    const md_samples samples = samples_of(&s);
    CU_ASSERT_EQUAL(md_store_plan(&samples, MD_STORAGE_SPARSE, &s.plan, &err), MD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "data.storage"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "257 x 256"));
    CU_ASSERT_EQUAL_FATAL(make_store(&s, MD_STORAGE_AUTO, 0), MD_OK);
    CU_ASSERT_EQUAL(s.plan.storage, MD_STORAGE_DENSE);
    CU_ASSERT(same_images(&s, &s.store));
    free_store(&s);
}

static void classes_are_counted_in_both_splits(void)
{
    stored s = {.shape = {2, 2, {5, 3}}};
    make_images(&s, 0.5);
    s.labels[1][2] = 70000;
    CU_ASSERT_EQUAL_FATAL(make_store(&s, MD_STORAGE_AUTO, 0), MD_OK);
    CU_ASSERT_EQUAL(s.plan.classes, 70001);
    free(s.block);
    memset(s.labels[0], 0, 5 * sizeof(int32_t));
    memset(s.labels[1], 0, 3 * sizeof(int32_t));
    CU_ASSERT_EQUAL_FATAL(make_store(&s, MD_STORAGE_AUTO, 0), MD_OK);
    CU_ASSERT_EQUAL(s.plan.classes, 1);
    free_store(&s);
}

/* Floats to be standardized, with two numbers to answer each sample with. */
static void floats_and_targets_are_kept(void)
{
    float x[] = {0.0f, -1.0f, 2.5f, 3.0f, 0.0f, 1e-3f}, y[] = {1, 2, 3, 4}, out[3];
    float mean[] = {1, 2, 3}, variance[] = {4, 1, 0.25f};
    const md_samples samples = {
        .shape = {1, 3, {2, 0}},
        .element = MD_ELEMENT_F32,
        .targets = 2,
        .scale = {.kind = MD_SCALE_STANDARDIZE, .features = 3, .mean = mean, .variance = variance},
        .features = {x},
        .values = {y}};
    md_store_header plan;
    md_error err;
    CU_ASSERT_EQUAL(md_store_plan(&samples, MD_STORAGE_SPARSE, &plan, &err), MD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "data.storage"));
    CU_ASSERT_EQUAL_FATAL(md_store_plan(&samples, MD_STORAGE_AUTO, &plan, &err), MD_OK);
    CU_ASSERT_EQUAL(plan.storage, MD_STORAGE_DENSE);
    CU_ASSERT_DOUBLE_EQUAL(plan.density, 4.0 / 6.0, 0.0);
    CU_ASSERT_EQUAL(plan.classes, 0);
    void *block = aligned(plan.bytes, 0xa5), *twin = aligned(plan.bytes, 0);
    md_store_fill(&plan, &samples, block);
    md_store_fill(&plan, &samples, twin);
    const md_store store = md_store_view(block), other = md_store_view(twin);
    CU_ASSERT_EQUAL(md_store_digest(&store), md_store_digest(&other));
    CU_ASSERT_PTR_NULL(md_store_labels(&store, MD_SPLIT_TRAIN));
    CU_ASSERT_EQUAL(md_store_values(&store, MD_SPLIT_TRAIN)[3], 4.0f);
    md_store_sample(&store, MD_SPLIT_TRAIN, 1, out);
    CU_ASSERT_EQUAL(memcmp(out, x + 3, sizeof out), 0);
    md_store_scaled(&store, MD_SPLIT_TRAIN, 0, out);
    CU_ASSERT(out[0] == -0.5f && out[1] == -3.0f && out[2] == -1.0f);
    uint8_t shades[3];
    md_store_image(&store, MD_SPLIT_TRAIN, 0, shades);
    CU_ASSERT(shades[1] == 0 && shades[2] == 255 && shades[0] == 73);
    free(block);
    free(twin);
}

const char md_suite[] = "data.store";
CU_TestInfo md_tests[] = {
    {"whatever goes in comes out", whatever_goes_in_comes_out},
    {"a block works at another address", a_block_works_at_another_address},
    {"the digest depends on the data only", the_digest_depends_on_the_data_only},
    {"density decides the storage", density_decides_the_storage},
    {"images too large for sparse rows stay dense", images_too_large_for_sparse_rows_stay_dense},
    {"floats and targets are kept", floats_and_targets_are_kept},
    {"classes are counted in both splits", classes_are_counted_in_both_splits},
    CU_TEST_INFO_NULL};
