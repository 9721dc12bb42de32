/* The reproducible reducer against a serial program that adds the same shards in int64. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "fixture.h"
#include "mnist_dist/base/digest.h"
#include "runner.h"

enum { SHARDS = 13, PARAMETERS = 1003 };

/* Of very different sizes, so that float sums would depend on the order. */
static float shard_gradient(int shard, size_t i)
{
    return ldexpf(draw_real(shard, 0, i), (int)(draw(shard, 1, i) % 24) - 12);
}

static md_step_sums shard_sums(int shard)
{
    return (md_step_sums){.loss_q32 = draw(shard, 2, 0), .correct = shard};
}

static uint64_t serial_digest(void)
{
    float sum[PARAMETERS];
    for (size_t i = 0; i < PARAMETERS; i++) {
        long long units = 0;
        for (int shard = 0; shard < SHARDS; shard++)
            units += llrint((double)shard_gradient(shard, i) * 0x1p40);
        sum[i] = (float)((double)units * 0x1p-40);
    }
    return md_digest_floats(sum, PARAMETERS);
}

/* Who takes a shard in the n-th spread: all in turn, one rank alone, or as drawn. */
static int taker(int spread, int shard)
{
    int size = world_size();
    return spread == 0 ? shard % size
                       : (spread <= size ? spread - 1
                                         : (int)(draw(spread, 3, (size_t)shard) % (unsigned)size));
}

static void add_shards(subject *s, int spread)
{
    for (int shard = 0; shard < SHARDS; shard++)
        if (taker(spread, shard) == world_rank()) {
            for (size_t i = 0; i < PARAMETERS; i++)
                md_reducer_gradient(s->reducer)[i] = shard_gradient(shard, i);
            md_step_sums sums = shard_sums(shard);
            md_reducer_add(s->reducer, &sums);
        }
}

static void any_spread_of_shards_over_ranks_gives_the_same_bits(void)
{
    md_step_sums expected = {0};
    for (int shard = 0; shard < SHARDS; shard++) {
        expected.loss_q32 += shard_sums(shard).loss_q32;
        expected.correct += shard_sums(shard).correct;
    }
    subject s;
    CU_ASSERT_FATAL(open_subject(&s, MD_REDUCER_REPRODUCIBLE, 2, PARAMETERS, 0));
    for (int spread = 0; spread < 12; spread++) {
        md_step_sums sums;
        add_shards(&s, spread);
        CU_ASSERT_EQUAL(md_reducer_reduce(s.reducer, 0, &sums, NULL), MD_OK);
        CU_ASSERT_EQUAL(md_digest_floats(md_reducer_sum(s.reducer), PARAMETERS), serial_digest());
        CU_ASSERT_EQUAL(sums.loss_q32, expected.loss_q32);
        CU_ASSERT_EQUAL(sums.correct, expected.correct);
        CU_ASSERT_EQUAL(sums.bad, 0);
        CU_ASSERT_EQUAL(md_reducer_publish(s.reducer, spread, NULL), MD_OK);
    }
    close_subject(&s);
}

/* With n shards a magnitude of 2^62 / n units of 2^-40 is the last that surely fits. */
static void check_headroom(size_t shards)
{
    md_comm *comm;
    md_reducer *reducer;
    md_reducer_params params = {.kind = MD_REDUCER_REPRODUCIBLE,
                                .parameters = 2,
                                .batch = 8 * shards - 7,
                                .options = {.micro_shard = 8},
                                .math = plain_math()};
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 0, &comm, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_reducer_create(comm, &params, &reducer, NULL), MD_OK);
    float most = (float)(0x1p22 / (double)shards);
    for (int sign = -1; sign <= 1; sign += 2)
        for (int over = 0; over <= 1; over++) {
            md_step_sums sums = {0};
            md_reducer_gradient(reducer)[0] = 0;
            md_reducer_gradient(reducer)[1] =
                (float)sign * (over ? nextafterf(most, FLT_MAX) : most);
            md_reducer_add(reducer, &sums);
            CU_ASSERT_EQUAL(md_reducer_reduce(reducer, 0, &sums, NULL), MD_OK);
            CU_ASSERT_EQUAL(sums.bad, over * world_size());
            if (!over)
                CU_ASSERT_EQUAL(md_reducer_sum(reducer)[1], (float)(sign * world_size()) * most);
        }
    md_reducer_destroy(&reducer);
    md_comm_destroy(&comm);
}

static void a_magnitude_beyond_the_headroom_is_bad(void)
{
    check_headroom(4);
    check_headroom(1 << 20);
}

const char md_suite[] = "comm.reproducible";
CU_TestInfo md_tests[] = {
    {"any spread of shards over ranks gives the same bits",
     any_spread_of_shards_over_ranks_gives_the_same_bits},
    {"a magnitude beyond the headroom is bad", a_magnitude_beyond_the_headroom_is_bad},
    CU_TEST_INFO_NULL};
