#include <string.h>

#include "mnist_dist/base/digest.h"
#include "runner.h"

enum { MOST = 2367 };

/* The data of xxHash's own sanity check, and its answers for XXH3-64 with seed 0. */
static void fill(uint8_t data[MOST])
{
    uint64_t generator = 2654435761u;
    for (size_t i = 0; i < MOST; i++) {
        data[i] = (uint8_t)(generator >> 56);
        generator *= UINT64_C(11400714785074694797);
    }
}

static const struct {
    size_t size;
    uint64_t answer;
} vectors[] = {{0, 0x2D06800538D394C2},   {1, 0xC44BDFF4074EECDB},    {6, 0x27B56A84CD2D7325},
               {12, 0xA713DAF0DFBB77E7},  {24, 0xA3FE70BF9D3510EB},   {48, 0x397DA259ECBA1F11},
               {80, 0xBCDEFBBB2C47C90A},  {195, 0xCD94217EE362EC3A},  {403, 0xCDEB804D65C6DEA4},
               {512, 0x617E49599013CB6B}, {2048, 0xDD59E2C3A5F038E0}, {2240, 0x6E73A90539CF2948},
               {MOST, 0xCB37AEB9E5D361ED}};

enum { VECTORS = sizeof vectors / sizeof *vectors };

static void digests_are_xxh3_64(void)
{
    uint8_t data[MOST];
    fill(data);
    for (size_t i = 0; i < VECTORS; i++)
        CU_ASSERT_EQUAL(md_digest_bytes(data, vectors[i].size), vectors[i].answer);
}

static void pieces_digest_as_the_whole(void)
{
    uint8_t data[MOST];
    fill(data);
    for (size_t i = 0; i < VECTORS; i++)
        for (size_t piece = 1; piece < 700; piece = piece * 5 + 2) {
            md_digest *digest = md_digest_create();
            CU_ASSERT_PTR_NOT_NULL_FATAL(digest);
            for (size_t at = 0; at < vectors[i].size; at += piece) {
                size_t left = vectors[i].size - at;
                md_digest_update(digest, data + at, left < piece ? left : piece);
            }
            md_digest_update(digest, NULL, 0);
            CU_ASSERT_EQUAL(md_digest_value(digest), vectors[i].answer);
            md_digest_destroy(&digest);
            CU_ASSERT_PTR_NULL(digest);
        }
    md_digest *none = NULL;
    md_digest_destroy(&none);
}

static void floats_digest_as_little_endian_bytes(void)
{
    const float values[] = {1.0f, -2.5f};
    const uint8_t bytes[] = {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0};
    CU_ASSERT_EQUAL(md_digest_floats(values, 2), md_digest_bytes(bytes, sizeof bytes));
}

const char md_suite[] = "base.digest";
CU_TestInfo md_tests[] = {
    {"digests are XXH3-64", digests_are_xxh3_64},
    {"pieces digest as the whole", pieces_digest_as_the_whole},
    {"floats digest as little-endian bytes", floats_digest_as_little_endian_bytes},
    CU_TEST_INFO_NULL};
