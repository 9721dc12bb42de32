#include "mnist_dist/data/chunk_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

/* order[samples] of an epoch, put together as whoever reads the file does it; 0 unless the windows
 * are one behind the other. */
static int put_together(const md_chunk_plan *plan, uint32_t epoch, int shuffle, uint32_t *order)
{
    const size_t chunks = md_chunk_count(plan);
    uint32_t *by_chunk = malloc(chunks * sizeof *by_chunk);
    uint32_t *places = malloc(plan->window * plan->chunk * sizeof *places);
    size_t next = 0;
    int good = 1;
    md_chunk_order(plan, 42, epoch, shuffle, by_chunk);
    for (size_t w = 0; w < md_chunk_windows(plan); w++) {
        const md_range positions = md_chunk_window(plan, by_chunk, w);
        good = good && positions.begin == next && positions.count <= plan->window * plan->chunk;
        next += positions.count;
        md_chunk_places(positions, 42, epoch, shuffle, places);
        size_t s = 0;
        for (size_t i = w * plan->window; i < (w + 1) * plan->window && i < chunks; i++)
            for (size_t k = 0; k < md_chunk_samples(plan, by_chunk[i]); k++)
                order[positions.begin + places[s++]] = (uint32_t)(by_chunk[i] * plan->chunk + k);
        good = good && s == positions.count;
    }
    free(by_chunk);
    free(places);
    return good && next == plan->samples;
}

static int is_permutation(const uint32_t *order, size_t n)
{
    unsigned char *seen = calloc(n + 1, 1);
    int good = 1;
    for (size_t i = 0; i < n; i++)
        good = good && order[i] < n && !seen[order[i]]++;
    free(seen);
    return good;
}

static void every_sample_comes_once_an_epoch(void)
{
    const md_chunk_plan plans[] = {{1, 1, 1},     {10, 1, 1},     {10, 3, 2},     {10, 10, 1},
                                   {10, 20, 5},   {1000, 7, 3},   {1000, 7, 999}, {999, 100, 4},
                                   {4096, 64, 8}, {60000, 77, 40}};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        for (uint32_t epoch = 0; epoch < 12; epoch++)
            for (int shuffle = 0; shuffle < 2; shuffle++) {
                uint32_t *order = malloc(plans[i].samples * sizeof *order);
                CU_ASSERT(put_together(&plans[i], epoch, shuffle, order));
                CU_ASSERT(is_permutation(order, plans[i].samples));
                for (uint32_t n = 0; !shuffle && n < plans[i].samples; n++)
                    CU_ASSERT_EQUAL_FATAL(order[n], n);
                free(order);
            }
}

/* Worked out with a Philox 4x32-10 and a Fisher-Yates written in Python: a run resumed by a later
 * version must see the same samples. */
static void the_order_never_changes(void)
{
    const md_chunk_plan plan = {29, 4, 3};
    const uint32_t expected[] = {23, 16, 19, 22, 20, 21, 17, 18, 28, 26, 3,  25, 11, 9, 1,
                                 2,  10, 24, 8,  27, 0,  4,  15, 13, 6,  12, 5,  7,  14};
    uint32_t order[29];
    CU_ASSERT(put_together(&plan, 1, 1, order));
    CU_ASSERT_EQUAL(memcmp(order, expected, sizeof expected), 0);
}

enum { SAMPLES = 20000, CHUNK = 100, WINDOW = 20, EPOCHS = 100, PLACES = CHUNK * WINDOW };

static const md_chunk_plan measured = {SAMPLES, CHUNK, WINDOW};

/* Runs up and down (Wallis and Moore, JASA 36, 1941): a random sequence of n has (2n - 1) / 3 with
 * a variance of (16n - 29) / 90. What is shuffled too little has far fewer. */
static void runs_are_as_many_as_by_chance(void)
{
    static uint32_t order[SAMPLES];
    const double expected = EPOCHS * (2.0 * SAMPLES - 1.0) / 3.0;
    const double deviation = sqrt(EPOCHS * (16.0 * SAMPLES - 29.0) / 90.0);
    int64_t runs = 0;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        put_together(&measured, epoch, 1, order);
        runs++;
        for (size_t i = 2; i < SAMPLES; i++)
            runs += (order[i] > order[i - 1]) != (order[i - 1] > order[i - 2]);
    }
    CU_ASSERT(fabs((double)runs - expected) < 6.0 * deviation);
}

/* How often the file's next sample follows, and how often one of the same chunk: as chance has it
 * among a window's samples. */
static void neighbours_part_as_by_chance(void)
{
    static uint32_t order[SAMPLES];
    const double pairs = (double)EPOCHS * SAMPLES, chunks = SAMPLES / CHUNK;
    const double next = EPOCHS * (SAMPLES - chunks) / PLACES;
    const double share = (CHUNK - 1.0) / (PLACES - 1.0);
    int64_t followed = 0, alike = 0;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        put_together(&measured, epoch, 1, order);
        for (size_t i = 1; i < SAMPLES; i++) {
            followed += order[i] == order[i - 1] + 1 && order[i] % CHUNK != 0;
            alike += order[i] / CHUNK == order[i - 1] / CHUNK;
        }
    }
    CU_ASSERT(fabs((double)followed - next) < 6.0 * sqrt(next));
    CU_ASSERT(fabs((double)alike - pairs * share) < 6.0 * sqrt(pairs * share));
}

/* Each chunk in each place of the order of chunks, over many epochs. */
static void chunks_are_anywhere_in_an_epoch(void)
{
    enum { CHUNKS = 8, ROUNDS = 80000 };
    const md_chunk_plan plan = {CHUNKS, 1, 2};
    int64_t count[CHUNKS][CHUNKS] = {{0}};
    for (uint32_t epoch = 0; epoch < ROUNDS; epoch++) {
        uint32_t order[CHUNKS];
        md_chunk_order(&plan, 1, epoch, 1, order);
        for (size_t i = 0; i < CHUNKS; i++)
            count[i][order[i]]++;
    }
    for (size_t i = 0; i < CHUNKS; i++)
        for (size_t k = 0; k < CHUNKS; k++)
            CU_ASSERT(llabs(count[i][k] - ROUNDS / CHUNKS) < 6 * 94); /* 94: the deviation */
}

const char md_suite[] = "data.chunk_order";
CU_TestInfo md_tests[] = {{"every sample comes once an epoch", every_sample_comes_once_an_epoch},
                          {"the order never changes", the_order_never_changes},
                          {"runs are as many as by chance", runs_are_as_many_as_by_chance},
                          {"neighbours part as by chance", neighbours_part_as_by_chance},
                          {"chunks are anywhere in an epoch", chunks_are_anywhere_in_an_epoch},
                          CU_TEST_INFO_NULL};
