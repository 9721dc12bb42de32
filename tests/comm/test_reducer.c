#include "mnist_dist/comm/reducer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "mnist_dist/base/digest.h"
#include "runner.h"

static const size_t awkward[] = {1, 3, 15, 17, 1000, 109386};
enum { AWKWARD = sizeof awkward / sizeof *awkward };

/* Large, of both signs, and different on every rank. */
static md_step_sums sums_of(int rank)
{
    return (md_step_sums){.values[0] = ((int64_t)draw(rank, 0, 1) << 20) - ((int64_t)1 << 51),
                          .values[1] = (int64_t)(draw(rank, 0, 2) % (1 << 24))};
}

/* With `idle`, the second half of the ranks has no samples. */
static int samples_of(int idle)
{
    return idle ? (world_size() + 1) / 2 : world_size();
}

static int takes_part(int rank, int idle)
{
    return rank < samples_of(idle);
}

static void check_totals(const md_step_sums *total, int idle)
{
    md_step_sums expected = {0};
    for (int r = 0; r < world_size(); r++)
        if (takes_part(r, idle)) {
            expected.values[0] += sums_of(r).values[0];
            expected.values[1] += sums_of(r).values[1];
        }
    CU_ASSERT_EQUAL(total->values[0], expected.values[0]);
    CU_ASSERT_EQUAL(total->values[1], expected.values[1]);
    CU_ASSERT_EQUAL(total->bad, 0);
}

/* The judge sums in double; floats may be off by half an ulp of the magnitudes for each addition.
 */
static int count_wrong(const subject *s, int idle)
{
    int wrong = 0, size = world_size();
    for (size_t i = s->begin; i < s->begin + s->count; i++) {
        double expected = 0, magnitude = 0;
        for (int r = 0; r < size; r++)
            if (takes_part(r, idle)) {
                double value = (double)draw_real(r, 0, i);
                expected += value;
                magnitude += fabs(value);
            }
        double bound = (magnitude + fabs(expected)) * size * FLT_EPSILON / 2;
        wrong += !(fabs((double)sum_at(s, samples_of(idle), i) - expected) <= bound);
    }
    return wrong;
}

static void reduce_once(subject *s, int idle)
{
    int rank = world_rank();
    float *row = own_row(s);
    for (size_t i = 0; i < s->parameters; i++)
        row[i] = takes_part(rank, idle) ? draw_real(rank, 0, i) : NAN; /* must not be taken */
    md_step_sums sums = sums_of(rank);
    if (takes_part(rank, idle))
        add_row(s, samples_of(idle), &sums);
    CU_ASSERT_EQUAL(reduce(s, samples_of(idle), 0, &sums), MD_OK);
    check_totals(&sums, idle);
    CU_ASSERT_EQUAL(count_wrong(s, idle), 0);
    md_reducer_publish(s->reducer, 1);
}

static void check_sum(subject *s)
{
    CU_ASSERT(slices_cover(s));
    reduce_once(s, 0);
    reduce_once(s, 1);
}

static void the_sum_is_that_of_a_serial_program(void)
{
    for (int i = 0; i < AWKWARD; i++)
        with_every_reducer(awkward[i], 2, check_sum);
}

static void check_stop(subject *s)
{
    int rank = world_rank(), size = world_size();
    for (int asking = 0; asking <= size; asking++) {
        md_step_sums sums;
        CU_ASSERT_EQUAL(reduce(s, size, rank < asking, &sums), MD_OK);
        CU_ASSERT_EQUAL(sums.stop, asking);
        CU_ASSERT(sums.values[0] == 0 && sums.values[1] == 0 && sums.bad == 0);
        md_reducer_publish(s->reducer, asking + 1);
    }
}

static void ranks_that_ask_to_stop_are_counted(void)
{
    with_every_reducer(17, 0, check_stop);
}

/* What rank 0 loads in a round: parameters (0) and moments (1, 2); no moments in odd rounds. */
static float loaded(int round, int what, size_t i)
{
    return round % 2 && what > 0 ? 0 : draw_real(100 + what, round, i);
}

static int count_unloaded(const subject *s, int round)
{
    int wrong = 0;
    for (int what = 0; what < 3; what++) {
        const float *block =
            what == 0 ? md_reducer_parameters(s->reducer) : md_reducer_moment(s->reducer, what - 1);
        for (size_t i = 0; i < s->parameters; i++)
            wrong += block[i] != loaded(round, what, i);
    }
    return wrong;
}

static void check_load(subject *s)
{
    enum { ROUNDS = 6 };
    float *blocks[3];
    const float *moments[2];
    for (int what = 0; what < 3; what++)
        blocks[what] = malloc(s->parameters * sizeof(float));
    moments[0] = blocks[1], moments[1] = blocks[2];
    int root = world_rank() == 0, wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int what = 0; what < 3; what++)
            for (size_t i = 0; i < s->parameters; i++)
                blocks[what][i] = loaded(round, what, i);
        CU_ASSERT_EQUAL(md_reducer_load(s->reducer, root ? blocks[0] : NULL,
                                        root && round % 2 == 0 ? moments : NULL, NULL),
                        MD_OK);
        if (!root)
            dawdle(world_rank(), round, 0); /* while rank 0 goes on to the next round */
        wrong += count_unloaded(s, round);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (int what = 0; what < 3; what++)
        free(blocks[what]);
}

static void check_zeroed(subject *s)
{
    int used = 0;
    for (size_t i = 0; i < s->parameters; i++)
        used |= md_reducer_parameters(s->reducer)[i] != 0 ||
                md_reducer_moment(s->reducer, 0)[i] != 0 ||
                md_reducer_moment(s->reducer, 1)[i] != 0;
    CU_ASSERT_EQUAL(used, 0);
    MPI_Barrier(MPI_COMM_WORLD); /* nobody writes before all have looked */
}

static void blocks_are_zero_at_first(void)
{
    with_every_reducer(1000, 2, check_zeroed);
}

static void load_gives_every_rank_what_rank_0_has(void)
{
    for (int i = 0; i < AWKWARD - 1; i++)
        with_every_reducer(awkward[i], 2, check_load);
}

static void square_slice(subject *s)
{
    for (size_t i = s->begin; i < s->begin + s->count; i++) {
        const double sum = (double)sum_at(s, world_size(), i);
        md_reducer_squares(s->reducer)[i] = sum * sum;
    }
}

static void check_square_sum(subject *s)
{
    float *row = own_row(s);
    int rank = world_rank(), size = world_size();
    int64_t expected = 0;
    for (size_t i = 0; i < s->parameters; i++) {
        row[i] = (float)draw_whole(rank, 0, i);
        int64_t sum = 0;
        for (int r = 0; r < size; r++)
            sum += draw_whole(r, 0, i);
        expected += sum * sum;
    }
    md_step_sums sums = {0};
    add_row(s, size, &sums);
    CU_ASSERT_EQUAL(reduce(s, size, 0, &sums), MD_OK);
    square_slice(s);
    CU_ASSERT_EQUAL(md_reducer_square_sum(s->reducer), (double)expected);
    md_reducer_publish(s->reducer, 1);
}

static void square_sum_covers_the_whole_gradient(void)
{
    for (int i = 0; i < AWKWARD; i++)
        with_every_reducer(awkward[i], 0, check_square_sum);
}

static void check_square_sum_bits(subject *s)
{
    for (int step = 0; step < 20; step++) {
        float *row = own_row(s);
        for (size_t i = 0; i < s->parameters; i++)
            row[i] = draw_real(world_rank(), step, i);
        md_step_sums sums = {0};
        add_row(s, world_size(), &sums);
        CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
        dawdle(world_rank(), step, 1);
        square_slice(s);
        const double found = md_reducer_square_sum(s->reducer);
        dawdle(world_rank(), step, 2);
        md_reducer_publish(s->reducer, step);
        CU_ASSERT(same_everywhere(md_digest_bytes(&found, sizeof found)));
    }
}

static void square_sum_has_the_same_bits_on_every_rank(void)
{
    with_every_reducer(1000, 0, check_square_sum_bits);
}

static void refuse(md_reducer_params params, const char *words)
{
    md_comm *comm;
    md_reducer *reducer = (md_reducer *)&reducer;
    md_error err;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 0, &comm, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_reducer_create(comm, &params, &reducer, &err), MD_USAGE);
    CU_ASSERT_PTR_NULL(reducer);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, words));
    md_comm_destroy(&comm);
}

static void what_cannot_work_is_refused(void)
{
    const size_t parameters = 10;
    md_reducer_params good = {.kind = MD_REDUCER_EXCHANGE,
                              .parameters = 10,
                              .batch = 4,
                              .values = 2,
                              .cut = cut_evenly,
                              .context = &parameters,
                              .all_within = all_within};
    md_reducer_params bad = good;
    bad.kind = MD_REDUCER_KINDS;
    refuse(bad, "no kind");
    bad = good, bad.parameters = 0;
    refuse(bad, "0 parameters");
    bad = good, bad.parameters = (size_t)1 << 31;
    refuse(bad, "2147483648 parameters");
    bad = good, bad.moments = 3;
    refuse(bad, "3 moments");
    bad = good, bad.batch = 0;
    refuse(bad, "batch_size is 0");
}

/* /proc has no room for anything. A rank alone on its node needs none, and must fail with the rest.
 */
static void no_room_on_one_node_is_an_error_on_every_rank(void)
{
    md_comm *comm;
    const size_t parameters = 1000;
    md_reducer_params params = {.kind = MD_REDUCER_EXCHANGE,
                                .parameters = parameters,
                                .batch = 1,
                                .values = 2,
                                .cut = cut_evenly,
                                .context = &parameters,
                                .all_within = all_within};
    setenv("OMPI_MCA_osc_sm_backing_directory", "/proc", 1);
    for (int node_size = 2; node_size <= world_size(); node_size++) {
        CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, node_size, &comm, NULL), MD_OK);
        md_reducer *reducer = (md_reducer *)&reducer;
        md_error err;
        CU_ASSERT_EQUAL(md_reducer_create(comm, &params, &reducer, &err), MD_FAILED);
        CU_ASSERT_PTR_NULL(reducer);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/proc on this node has no room"));
        CU_ASSERT_EQUAL(err.rank, 0);
        md_comm_destroy(&comm);
    }
    unsetenv("OMPI_MCA_osc_sm_backing_directory");
}

static void check_about(subject *s)
{
    const md_reducer_about *about = &md_reducer_abouts[s->kind];
    CU_ASSERT(strlen(about->name) > 0);
    CU_ASSERT(strlen(about->how) > 0);
}

static void each_reducer_says_what_it_promises(void)
{
    with_every_reducer(3, 0, check_about);
    CU_ASSERT_EQUAL(md_reducer_abouts[MD_REDUCER_ALLREDUCE].promise, MD_PROMISE_ORDER);
    CU_ASSERT_EQUAL(md_reducer_abouts[MD_REDUCER_EXCHANGE].promise, MD_PROMISE_RANK_COUNT);
}

const char md_suite[] = "comm.reducer";
CU_TestInfo md_tests[] = {
    {"the sum is that of a serial program", the_sum_is_that_of_a_serial_program},
    {"ranks that ask to stop are counted", ranks_that_ask_to_stop_are_counted},
    {"blocks are zero at first", blocks_are_zero_at_first},
    {"load gives every rank what rank 0 has", load_gives_every_rank_what_rank_0_has},
    {"square_sum covers the whole gradient", square_sum_covers_the_whole_gradient},
    {"square_sum has the same bits on every rank", square_sum_has_the_same_bits_on_every_rank},
    {"what cannot work is refused", what_cannot_work_is_refused},
    {"no room on one node is an error on every rank",
     no_room_on_one_node_is_an_error_on_every_rank},
    {"each reducer says what it promises", each_reducer_says_what_it_promises},
    CU_TEST_INFO_NULL};
