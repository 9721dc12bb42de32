#include <float.h>
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "runner.h"

/* One step in which every rank with a bit in `failing` has `value` at element `at`. */
static md_step_sums step_with(subject *s, unsigned failing, float value, size_t at)
{
    float *row = own_row(s);
    for (size_t i = 0; i < s->parameters; i++)
        row[i] = 0.5f;
    if (failing >> world_rank() & 1)
        row[at] = value;
    md_step_sums sums = {.values[1] = 3, .values[0] = 5};
    add_row(s, world_size(), &sums);
    CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
    md_reducer_publish(s->reducer, 1);
    CU_ASSERT_EQUAL(sums.values[1], 3 * world_size());
    CU_ASSERT_EQUAL(sums.values[0], 5 * world_size());
    return sums;
}

static void check_values(subject *s)
{
    const float values[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX};
    const size_t places[] = {0, s->parameters / 2, s->parameters - 1};
    int size = world_size();
    for (int v = 0; v < 5; v++)
        for (int p = 0; p < 3; p++) {
            unsigned one = 1u << (v + p) % size, all = (1u << size) - 1;
            CU_ASSERT_EQUAL(step_with(s, one, values[v], places[p]).bad, 1);
            CU_ASSERT_EQUAL(step_with(s, all, values[v], places[p]).bad, size);
            CU_ASSERT_EQUAL(step_with(s, 0, 0, 0).bad, 0);
        }
}

static void a_value_that_cannot_be_summed_on_one_rank_is_seen_by_all(void)
{
    with_every_reducer(3, 0, check_values);
    with_every_reducer(1000, 0, check_values);
}

static void check_largest(subject *s)
{
    unsigned all = (1u << world_size()) - 1;
    float large = md_reducer_bound(s->reducer);
    CU_ASSERT_EQUAL(step_with(s, all, large, 0).bad, 0);
    if (s->count > 0 && s->begin == 0)
        CU_ASSERT(isfinite(sum_at(s, world_size(), 0)));
}

static void values_that_are_large_but_can_be_summed_are_not_bad(void)
{
    with_every_reducer(17, 0, check_largest);
}

static void check_reported(subject *s)
{
    int rank = world_rank(), last = world_size() - 1;
    md_step_sums sums = {.bad = rank == last ? 7 : 0};
    memset(own_row(s), 0, s->parameters * sizeof(float));
    add_row(s, world_size(), &sums);
    CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
    CU_ASSERT_EQUAL(sums.bad, 1);
}

static void a_bad_loss_that_one_rank_reports_is_counted_once(void)
{
    with_every_reducer(17, 0, check_reported);
}

static void check_loss(subject *s)
{
    int rank = world_rank(), size = world_size();
    const int64_t most = INT64_MAX / size;
    const struct {
        int64_t loss;
        int bad;
    } cases[] = {{most, 0}, {-most, 0}, {INT64_MAX, size > 1}, {INT64_MIN, 1}};
    memset(own_row(s), 0, s->parameters * sizeof(float));
    for (int i = 0; i < 4; i++) {
        md_step_sums sums = {.values[0] = rank == 0 || !cases[i].bad ? cases[i].loss : 0};
        add_row(s, world_size(), &sums);
        CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
        md_reducer_publish(s->reducer, 1);
        CU_ASSERT_EQUAL(sums.bad, cases[i].bad);
        if (!cases[i].bad)
            CU_ASSERT_EQUAL(sums.values[0], cases[i].loss * size);
    }
}

static void losses_that_cannot_be_summed_are_bad(void)
{
    with_every_reducer(17, 0, check_loss);
}

const char md_suite[] = "comm.reducer_bad";
CU_TestInfo md_tests[] = {
    {"a value that cannot be summed on one rank is seen by all",
     a_value_that_cannot_be_summed_on_one_rank_is_seen_by_all},
    {"values that are large but can be summed are not bad",
     values_that_are_large_but_can_be_summed_are_not_bad},
    {"a bad loss that one rank reports is counted once",
     a_bad_loss_that_one_rank_reports_is_counted_once},
    {"losses that cannot be summed are bad", losses_that_cannot_be_summed_are_bad},
    CU_TEST_INFO_NULL};
