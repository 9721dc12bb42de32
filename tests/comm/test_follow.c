/* Fewer active ranks than there are, over more steps than a rank may be behind, while ranks of both
 * kinds dawdle: an active one must not overtake totals that nobody has read, and who follows must
 * read each step's. Numbers are small and whole; the judge is a serial program in integers. */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/comm.h"
#include "runner.h"

enum { PARAMETERS = 19, BATCH = 5, STEPS = 400, TOGETHER = 260 };

typedef struct team {
    md_comm *comm;
    md_reducer *reducer;
    md_matrix matrix;
} team;

static int is_active(const team *t)
{
    return md_reducer_is_active(t->reducer);
}

static void open_team(team *t, int node_size, int most)
{
    static const size_t parameters = PARAMETERS;
    *t = (team){.matrix = {PARAMETERS, 1}};
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, node_size, &t->comm, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_comm_give_places(t->comm, most, NULL), MD_OK);
    const md_reducer_params params = {.kind = MD_REDUCER_EXCHANGE,
                                      .parameters = PARAMETERS,
                                      .rows = PARAMETERS,
                                      .batch = BATCH,
                                      .values = 2,
                                      .matrices = &t->matrix,
                                      .matrix_count = 1,
                                      .cut = cut_evenly,
                                      .context = &parameters,
                                      .varies = md_comm_nodes(t->comm) == 1,
                                      .all_within = all_within};
    CU_ASSERT_EQUAL_FATAL(md_reducer_create(t->comm, &params, &t->reducer, NULL), MD_OK);
}

static void close_team(team *t)
{
    md_reducer_destroy(&t->reducer);
    md_comm_destroy(&t->comm);
}

static int is_looked_at(int step)
{
    return step % TOGETHER == 7 || step == STEPS - 1;
}

static void step_serially(int step, int *w)
{
    for (size_t i = 0; i < PARAMETERS; i++) {
        int sum = 0;
        for (size_t k = 0; k < BATCH; k++)
            sum += gradient_of((int)k, step, i, w[i]);
        w[i] = stepped(w[i], sum);
    }
}

/* Each of its samples counts for its number + 1. */
static void compute(team *t, int step)
{
    const md_range part = md_reducer_part(t->reducer, BATCH);
    const float *w = md_reducer_parameters(t->reducer);
    md_step_sums sums = {.values[1] = (int64_t)part.count};
    for (size_t k = part.begin; k < part.begin + part.count; k++) {
        float *row = md_reducer_matrices(t->reducer) + k * PARAMETERS;
        sums.values[0] += step + (int64_t)k;
        for (size_t i = 0; i < PARAMETERS; i++)
            row[i] = (float)gradient_of((int)k, step, i, (int)w[i]);
    }
    if (part.count > 0)
        md_reducer_add(t->reducer, BATCH, &sums);
}

static void optimize(team *t, int step)
{
    const md_range slice = md_reducer_slice(t->reducer);
    const float *rows = md_reducer_matrices(t->reducer);
    float *w = md_reducer_parameters(t->reducer);
    md_reducer_begin_step(t->reducer);
    if (is_looked_at(step))
        usleep(20000); /* while those that follow know the totals already */
    for (size_t i = slice.begin; i < slice.begin + slice.count; i++) {
        int sum = 0;
        for (size_t k = 0; k < BATCH; k++)
            sum += (int)rows[k * PARAMETERS + i];
        w[i] = (float)stepped((int)w[i], sum);
    }
}

static void take_step(team *t, int step, int stop, md_step_sums *sums)
{
    if (is_active(t))
        compute(t, step);
    CU_ASSERT_EQUAL(md_reducer_reduce(t->reducer, BATCH, stop, sums, NULL), MD_OK);
    if (is_active(t))
        optimize(t, step);
    md_reducer_publish(t->reducer, step + 1);
    if (md_comm_node_rank(t->comm) == 0) /* whoever joins may be late, the step is whole */
        CU_ASSERT(md_reducer_consistent(t->reducer, step + 1));
}

/* Everybody looks at the weights before the others go on. */
static int count_wrong(team *t, int step, const int *w)
{
    int wrong = 0;
    for (size_t i = 0; i < PARAMETERS; i++)
        wrong += (int)md_reducer_parameters(t->reducer)[i] != w[i];
    CU_ASSERT_EQUAL(md_comm_barrier(t->comm, NULL), MD_OK);
    wrong += !md_reducer_consistent(t->reducer, step + 1);
    CU_ASSERT_EQUAL(md_comm_barrier(t->comm, NULL), MD_OK);
    return wrong;
}

/* Another number of active ranks, for a step or for more than a rank may be behind. */
static void vary(team *t, int step)
{
    const int most = md_comm_place_count(t->comm);
    const int often = step < 100;
    if (world_rank() == 0 && (often || step == 100 || step == 300))
        md_reducer_suggest(t->reducer, 1 + (int)(draw(0, step, 0) % (unsigned)most));
}

static void check_steps(int node_size, int most, int varies)
{
    team t;
    int w[PARAMETERS] = {0}, wrong = 0;
    open_team(&t, node_size, most);
    for (int step = 0; step < STEPS; step++) {
        md_step_sums sums;
        if (varies)
            vary(&t, step);
        take_step(&t, step, 0, &sums);
        step_serially(step, w);
        wrong += sums.values[0] != BATCH * step + BATCH * (BATCH - 1) / 2 || sums.stop;
        wrong += sums.values[1] != BATCH || sums.bad;
        if (is_looked_at(step))
            wrong += count_wrong(&t, step, w);
        if (step == TOGETHER - 100 && !is_active(&t))
            usleep(50000); /* until the others wait */
        if (step % 64 == 0)
            dawdle(world_rank(), step, 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    close_team(&t);
}

static void check_steady(int node_size, int most)
{
    check_steps(node_size, most, 0);
}

static void check_varying(int node_size, int most)
{
    if (node_size == 0)
        check_steps(node_size, most, 1);
}

static void on_every_kind_of_node(void (*check)(int, int))
{
    for (int node_size = 0; node_size <= 3; node_size++)
        for (int most = 1; most <= 3; most++)
            check(node_size, most);
}

static void steps_equal_those_of_a_serial_program(void)
{
    on_every_kind_of_node(check_steady);
}

static void and_when_the_active_ranks_change(void)
{
    on_every_kind_of_node(check_varying);
}

/* Asked for by one rank alone, after its tenth step; all end after the same one. */
static void check_stop(int node_size, int most)
{
    for (int asking = 0; asking < world_size(); asking++) {
        team t;
        md_step_sums sums = {0};
        int step = 0;
        open_team(&t, node_size, most);
        while (!sums.stop && step < STEPS) {
            take_step(&t, step, step >= 10 && world_rank() == asking, &sums);
            step++;
        }
        CU_ASSERT(step > 10 && step < STEPS);
        CU_ASSERT(same_everywhere((uint64_t)step));
        close_team(&t);
    }
}

static void any_rank_can_ask_for_a_stop(void)
{
    on_every_kind_of_node(check_stop);
}

/* A number that is not finite reaches those that follow, who then go on to the diagnosis. */
static void check_bad(int node_size, int most)
{
    team t;
    md_step_sums sums;
    open_team(&t, node_size, most);
    for (int step = 0; step < 3; step++)
        take_step(&t, step, 0, &sums);
    CU_ASSERT_EQUAL(sums.bad, 0);
    if (is_active(&t))
        md_reducer_add(t.reducer, BATCH, &(md_step_sums){.bad = world_rank() == 0});
    CU_ASSERT_EQUAL(md_reducer_reduce(t.reducer, BATCH, 0, &sums, NULL), MD_OK);
    CU_ASSERT_EQUAL(sums.bad, 1);
    CU_ASSERT_EQUAL(md_comm_barrier(t.comm, NULL), MD_OK);
    close_team(&t);
}

static void bad_numbers_are_told_to_all(void)
{
    on_every_kind_of_node(check_bad);
}

/* A long message whose sender goes on to wait for the receiver in a step: it has to travel all the
 * same, though nothing in the step's own work calls MPI. */
static void check_message(int node_size, int most)
{
    static char sent[1 << 18], received[sizeof sent];
    team t;
    md_step_sums sums;
    open_team(&t, node_size, most);
    for (int from = 0; from < world_size() && world_size() > 1; from++) {
        const int to = (from + 1) % world_size();
        MPI_Request request = MPI_REQUEST_NULL;
        memset(sent, from + 1, sizeof sent);
        if (world_rank() == from)
            MPI_Isend(sent, sizeof sent, MPI_BYTE, to, 0, MPI_COMM_WORLD, &request);
        if (world_rank() == to) {
            MPI_Recv(received, sizeof received, MPI_BYTE, from, 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
            CU_ASSERT_EQUAL(memcmp(received, sent, sizeof sent), 0);
        }
        take_step(&t, from, 0, &sums);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    close_team(&t);
}

static void messages_travel_while_a_rank_waits(void)
{
    on_every_kind_of_node(check_message);
}

/* The first so many ranks of each node; their places are numbered without gaps. */
static void check_places(int node_size, int most)
{
    md_comm *comm;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, node_size, &comm, NULL), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_comm_give_places(comm, most, NULL), MD_OK);
    const md_range places = md_comm_places(comm, md_comm_node(comm));
    const int first = md_comm_node_rank(comm), ranks = md_comm_node_size(comm);
    CU_ASSERT_EQUAL((int)places.count, ranks < most ? ranks : most);
    CU_ASSERT_EQUAL(md_comm_place(comm), first < most ? (int)places.begin + first : -1);
    int64_t active = md_comm_place(comm) >= 0;
    CU_ASSERT_EQUAL(md_comm_sum(comm, &active, 1, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_comm_place_count(comm), active);
    md_comm_destroy(&comm);
}

static void the_first_ranks_of_a_node_are_active(void)
{
    on_every_kind_of_node(check_places);
}

/* All ranks on one CPU, or each on one of two: who has one of its own is active. */
static void check_bound(const cpu_set_t *allowed, int cpus)
{
    md_comm *comm;
    cpu_set_t own;
    int found = 0;
    CPU_ZERO(&own);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, allowed) && found++ == world_rank() / 2 % cpus)
            CPU_SET(cpu, &own);
    CU_ASSERT_EQUAL_FATAL(sched_setaffinity(0, sizeof own, &own), 0);
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 0, &comm, NULL), MD_OK);
    CU_ASSERT(!md_comm_is_crowded(comm));
    CU_ASSERT_EQUAL(md_comm_give_places(comm, 0, NULL), MD_OK);
    const int wanted = cpus > 1 && world_size() > 2 ? 2 : 1;
    CU_ASSERT_EQUAL(md_comm_place_count(comm), wanted);
    CU_ASSERT_EQUAL(md_comm_place(comm), world_rank() == 0                  ? 0
                                         : world_rank() == 2 && wanted == 2 ? 1
                                                                            : -1);
    CU_ASSERT(!md_comm_is_crowded(comm));
    CU_ASSERT_EQUAL(md_comm_give_places(comm, 2, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_comm_is_crowded(comm), world_size() > 1);
    md_comm_destroy(&comm);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof *allowed, allowed), 0);
}

static void a_cpu_has_one_active_rank(void)
{
    cpu_set_t allowed;
    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    check_bound(&allowed, 1);
    if (CPU_COUNT(&allowed) > 1)
        check_bound(&allowed, 2);
}

const char md_suite[] = "comm.follow";
CU_TestInfo md_tests[] = {
    {"steps equal those of a serial program", steps_equal_those_of_a_serial_program},
    {"and when the active ranks change", and_when_the_active_ranks_change},
    {"any rank can ask for a stop", any_rank_can_ask_for_a_stop},
    {"bad numbers are told to all", bad_numbers_are_told_to_all},
    {"messages travel while a rank waits", messages_travel_while_a_rank_waits},
    {"the first ranks of a node are active", the_first_ranks_of_a_node_are_active},
    {"a CPU has one active rank", a_cpu_has_one_active_rank},
    CU_TEST_INFO_NULL};
