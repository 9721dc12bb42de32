#include <string.h>

#include "mnist_dist/base/rng.h"
#include "runner.h"

/* Random123's published answers for philox4x32 with 10 rounds (kat_vectors). */
static void blocks_are_philox_4x32_10(void)
{
    const struct {
        uint32_t counter[4], key[2], answer[4];
    } vectors[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                   {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                    {0xffffffff, 0xffffffff},
                    {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                   {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                    {0xa4093822, 0x299f31d0},
                    {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const uint32_t *counter = vectors[i].counter, *key = vectors[i].key;
        md_rng_key from = {.seed = (uint64_t)key[1] << 32 | key[0],
                           .stream = (md_stream)counter[3],
                           .high = counter[2]};
        uint32_t block[4];
        md_rng_block(&from, (uint64_t)counter[1] << 32 | counter[0], block);
        CU_ASSERT_EQUAL(memcmp(block, vectors[i].answer, sizeof block), 0);
    }
}

static const md_rng_key key = {77, MD_STREAM_DROPOUT, 5};

static void uniform_values_are_the_blocks_upper_bits(void)
{
    float x[10];
    md_rng_uniform(&key, 3, x, 10);
    for (uint64_t i = 0; i < 10; i++) {
        uint32_t block[4];
        md_rng_block(&key, 3 + i / 4, block);
        CU_ASSERT_DOUBLE_EQUAL((double)x[i], (double)(block[i % 4] >> 8) / 16777216.0, 0.0);
    }
}

static void uniform_values_fill_zero_to_one_evenly(void)
{
    enum { COUNT = 100000, BINS = 20 };
    static float x[COUNT];
    size_t bins[BINS] = {0}, outside = 0;
    md_rng_uniform(&key, 0, x, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        if (x[i] >= 0.0f && x[i] < 1.0f)
            bins[(size_t)(x[i] * (float)BINS)]++;
        else
            outside++;
    }
    CU_ASSERT_EQUAL(outside, 0);
    double chi_square = 0.0, expected = (double)COUNT / (double)BINS;
    for (size_t i = 0; i < BINS; i++)
        chi_square += ((double)bins[i] - expected) * ((double)bins[i] - expected) / expected;
    CU_ASSERT(chi_square < 43.8); /* the 99.9 % point for 19 degrees of freedom */
}

static void streams_epochs_and_seeds_share_no_numbers(void)
{
    const md_rng_key others[] = {{78, MD_STREAM_DROPOUT, 5},
                                 {77 + (UINT64_C(1) << 32), MD_STREAM_DROPOUT, 5},
                                 {77, MD_STREAM_SHUFFLE, 5},
                                 {77, MD_STREAM_DROPOUT, 6}};
    uint32_t block[4], other[4];
    md_rng_block(&key, 9, block);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        md_rng_block(&others[i], 9, other);
        CU_ASSERT_NOT_EQUAL(memcmp(block, other, sizeof block), 0);
    }
    md_rng_block(&key, 9 + (UINT64_C(1) << 32), other);
    CU_ASSERT_NOT_EQUAL(memcmp(block, other, sizeof block), 0);
}

const char md_suite[] = "base.rng";
CU_TestInfo md_tests[] = {
    {"blocks are Philox 4x32-10", blocks_are_philox_4x32_10},
    {"uniform values are the blocks' upper bits", uniform_values_are_the_blocks_upper_bits},
    {"uniform values fill [0, 1) evenly", uniform_values_fill_zero_to_one_evenly},
    {"streams, epochs and seeds share no numbers", streams_epochs_and_seeds_share_no_numbers},
    CU_TEST_INFO_NULL};
