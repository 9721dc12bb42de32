#include "mnist_dist/data/sampler.h"

#include <stdlib.h>
#include <string.h>

#include "runner.h"

static int is_permutation(const uint32_t *order, size_t n)
{
    unsigned char *seen = calloc(n + 1, 1);
    int good = 1;
    for (size_t i = 0; i < n; i++)
        if (order[i] >= n || seen[order[i]]++)
            good = 0;
    free(seen);
    return good;
}

static void the_order_is_a_permutation(void)
{
    const size_t sizes[] = {0, 1, 2, 3, 10, 1000, 65536, 100003};
    uint32_t *order = malloc(100003 * sizeof *order);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            md_sampler_order(7, epoch, 1, order, sizes[i]);
            CU_ASSERT(is_permutation(order, sizes[i]));
        }
    free(order);
}

static void without_shuffle_the_order_is_that_of_the_file(void)
{
    uint32_t order[100];
    md_sampler_order(42, 3, 0, order, 100);
    for (uint32_t i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(order[i], i);
}

static void seed_and_epoch_change_the_order(void)
{
    enum { N = 1000 };
    static uint32_t first[N], other[N];
    md_sampler_order(42, 0, 1, first, N);
    md_sampler_order(42, 0, 1, other, N);
    CU_ASSERT_EQUAL(memcmp(first, other, sizeof first), 0);
    md_sampler_order(42, 1, 1, other, N);
    CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);
    md_sampler_order(42 + (1ull << 40), 0, 1, other, N);
    CU_ASSERT_NOT_EQUAL(memcmp(first, other, sizeof first), 0);
}

/* Worked out with a Philox 4x32-10 and a Fisher-Yates written in Python: a run resumed by a later
 * version must see the same samples. */
static void the_order_never_changes(void)
{
    const uint32_t expected[] = {10, 14, 13, 19, 25, 7,  11, 30, 3, 28, 15, 23, 18, 16, 22, 1,
                                 31, 6,  24, 8,  4,  27, 21, 5,  9, 29, 0,  17, 20, 2,  26, 12};
    uint32_t order[sizeof expected / sizeof *expected];
    md_sampler_order(42, 0, 1, order, sizeof expected / sizeof *expected);
    CU_ASSERT_EQUAL(memcmp(order, expected, sizeof expected), 0);
    const uint32_t high_seed[] = {12, 10, 16, 0, 14, 13, 15, 9, 3, 5, 8, 6, 1, 4, 11, 2, 7};
    md_sampler_order(0x123456789abcdef0, 9, 1, order, sizeof high_seed / sizeof *high_seed);
    CU_ASSERT_EQUAL(memcmp(order, high_seed, sizeof high_seed), 0);
}

/* Each of the 24 orders of four samples, over many epochs: a fair shuffle stays within six standard
 * deviations of the mean; a biased one (swapping with any position) is off by tens. */
static void all_orders_are_equally_likely(void)
{
    enum { EPOCHS = 240000, ORDERS = 24 };
    int count[256] = {0}, orders = 0;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        uint32_t order[4];
        md_sampler_order(1, epoch, 1, order, 4);
        count[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    for (int i = 0; i < 256; i++) {
        if (count[i] == 0)
            continue;
        orders++;
        CU_ASSERT(abs(count[i] - EPOCHS / ORDERS) < 600);
    }
    CU_ASSERT_EQUAL(orders, ORDERS);
}

typedef struct plan {
    size_t n, batch;
    int ranks;
} plan;

/* Deals one batch to all ranks and checks what the header promises; adds to uses[]. */
static int deal(const plan *p, md_range batch, unsigned char *uses)
{
    size_t next = batch.begin, longest = 0, before = SIZE_MAX;
    for (int rank = 0; rank < p->ranks; rank++) {
        md_range part = md_range_part(batch, rank, p->ranks);
        if (part.begin != next || part.count > before)
            return 0;
        for (size_t i = 0; i < part.count; i++)
            uses[part.begin + i]++;
        next += part.count;
        before = part.count;
        longest = part.count > longest ? part.count : longest;
    }
    return next == batch.begin + batch.count && longest - before <= 1;
}

static int epoch_is_dealt_fairly(const plan *p)
{
    unsigned char *uses = calloc(p->n + 1, 1);
    int64_t steps = md_sampler_steps(p->n, p->batch);
    int good = 1;
    for (int64_t step = 0; step < steps; step++) {
        md_range batch = md_sampler_batch(p->n, p->batch, step);
        size_t expected = step + 1 < steps ? p->batch : p->n - (size_t)step * p->batch;
        good = good && batch.count == expected && deal(p, batch, uses);
    }
    for (size_t i = 0; i < p->n; i++)
        good = good && uses[i] == 1;
    free(uses);
    return good;
}

static void every_sample_is_used_once_an_epoch(void)
{
    const size_t counts[] = {1, 2, 7, 31, 32, 33, 100, 1000};
    const size_t batches[] = {1, 3, 8, 32, 100, 5000};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 6; j++)
            for (int ranks = 1; ranks < 20; ranks++) {
                plan p = {counts[i], batches[j], ranks};
                if (!epoch_is_dealt_fairly(&p))
                    CU_FAIL("an epoch is not dealt fairly");
            }
}

static void surplus_ranks_get_empty_parts(void)
{
    md_range batch = {100, 3};
    CU_ASSERT_EQUAL(md_range_part(batch, 2, 8).count, 1);
    for (int rank = 3; rank < 8; rank++) {
        md_range part = md_range_part(batch, rank, 8);
        CU_ASSERT_EQUAL(part.count, 0);
        CU_ASSERT_EQUAL(part.begin, 103);
    }
}

static void past_the_last_step_there_is_nothing(void)
{
    CU_ASSERT_EQUAL(md_sampler_steps(0, 32), 0);
    CU_ASSERT_EQUAL(md_sampler_steps(60000, 32), 1875);
    CU_ASSERT_EQUAL(md_sampler_steps(60001, 32), 1876);
    CU_ASSERT_EQUAL(md_sampler_batch(100, 32, 3).count, 4);
    CU_ASSERT_EQUAL(md_sampler_batch(100, 32, 4).count, 0);
    CU_ASSERT_EQUAL(md_sampler_batch(100, 32, INT64_MAX).count, 0);
}

const char md_suite[] = "data.sampler";
CU_TestInfo md_tests[] = {
    {"the order is a permutation", the_order_is_a_permutation},
    {"without shuffle the order is that of the file",
     without_shuffle_the_order_is_that_of_the_file},
    {"seed and epoch change the order", seed_and_epoch_change_the_order},
    {"the order never changes", the_order_never_changes},
    {"all orders are equally likely", all_orders_are_equally_likely},
    {"every sample is used once an epoch", every_sample_is_used_once_an_epoch},
    {"surplus ranks get empty parts", surplus_ranks_get_empty_parts},
    {"past the last step there is nothing", past_the_last_step_there_is_nothing},
    CU_TEST_INFO_NULL};
