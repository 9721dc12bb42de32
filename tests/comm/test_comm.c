#include "mnist_dist/comm/comm.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/shared.h"
#include "runner.h"

static void ranks_of_one_machine_are_one_node(void)
{
    md_comm *comm;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 0, &comm, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_comm_rank(comm), world_rank());
    CU_ASSERT_EQUAL(md_comm_size(comm), world_size());
    CU_ASSERT_EQUAL(md_comm_nodes(comm), 1);
    CU_ASSERT_EQUAL(md_comm_node(comm), 0);
    CU_ASSERT_EQUAL(md_comm_node_rank(comm), world_rank());
    CU_ASSERT_EQUAL(md_comm_node_size(comm), world_size());
    CU_ASSERT_EQUAL(md_comm_place(comm), world_rank());
    CU_ASSERT_EQUAL(md_comm_places(comm, 0).count, (size_t)world_size());
    md_comm_destroy(&comm);
    CU_ASSERT_PTR_NULL(comm);
    md_comm_destroy(&comm);
}

static void faked_nodes_are_cut_from_consecutive_ranks(void)
{
    int rank = world_rank(), size = world_size();
    for (int n = 1; n <= 5; n++) {
        md_comm *comm;
        CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, n, &comm, NULL), MD_OK);
        int node = rank / n, nodes = (size + n - 1) / n, last = size - (nodes - 1) * n;
        CU_ASSERT_EQUAL(md_comm_node(comm), node);
        CU_ASSERT_EQUAL(md_comm_nodes(comm), nodes);
        CU_ASSERT_EQUAL(md_comm_node_rank(comm), rank % n);
        CU_ASSERT_EQUAL(md_comm_node_size(comm), node == nodes - 1 ? last : n);
        CU_ASSERT_EQUAL(md_comm_place(comm), rank);
        CU_ASSERT_EQUAL(md_comm_places(comm, nodes - 1).begin, (size_t)(size - last));
        CU_ASSERT_EQUAL(md_comm_places(comm, nodes - 1).count, (size_t)last);
        int members;
        MPI_Comm_size(md_comm_node_comm(comm), &members);
        CU_ASSERT_EQUAL(members, md_comm_node_size(comm));
        md_comm_destroy(&comm);
    }
}

static void each_host_is_listed_once(void)
{
    char name[MPI_MAX_PROCESSOR_NAME];
    int length;
    MPI_Get_processor_name(name, &length);
    for (int n = 0; n <= 2; n++) {
        md_comm *comm;
        CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, n, &comm, NULL), MD_OK);
        CU_ASSERT_STRING_EQUAL(md_comm_hosts(comm), name);
        md_comm_destroy(&comm);
    }
}

static void a_negative_node_size_is_refused(void)
{
    md_comm *comm = (md_comm *)&comm;
    md_error err;
    CU_ASSERT_EQUAL(md_comm_create(MPI_COMM_WORLD, -1, &comm, &err), MD_USAGE);
    CU_ASSERT_PTR_NULL(comm);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "distributed.node_size is -1"));
}

/* Each MPI has its own words, but all name the argument, and the message stays on one line. */
static void expect_refusal(const md_error *err, const char *argument)
{
    static const char call[] = "MPI_Bcast failed: ";
    const char *reason = strstr(err->text, call);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reason);
    CU_ASSERT_PTR_NOT_NULL(strcasestr(reason + strlen(call), argument));
    CU_ASSERT_PTR_NULL(strpbrk(err->text, "\n\t"));
}

static void a_call_that_mpi_refuses_is_an_error_not_the_end(void)
{
    md_comm *comm;
    md_error err;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 1, &comm, NULL), MD_OK);
    int byte = 0;
    CU_ASSERT_EQUAL(md_comm_broadcast(comm, &byte, 1, world_size() + 7, &err), MD_FAILED);
    expect_refusal(&err, "root");
    CU_ASSERT_EQUAL(MD_MPI(MPI_Bcast(&byte, -1, MPI_BYTE, 0, md_comm_node_comm(comm)), &err),
                    MD_FAILED);
    expect_refusal(&err, "count");
    md_comm_destroy(&comm);
}

static void data_travels_from_the_root_and_to_rank_0(void)
{
    md_comm *comm;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 2, &comm, NULL), MD_OK);
    int rank = world_rank(), size = world_size();
    for (int root = 0; root < size; root++) {
        int value[3] = {rank, rank + 1, rank + 2};
        CU_ASSERT_EQUAL(md_comm_broadcast(comm, value, sizeof value, root, NULL), MD_OK);
        CU_ASSERT(value[0] == root && value[2] == root + 2);
    }
    int own[2] = {10 * rank, rank};
    int *all = rank == 0 ? malloc(sizeof own * (size_t)size) : NULL;
    CU_ASSERT_EQUAL(md_comm_gather(comm, own, sizeof own, all, NULL), MD_OK);
    for (int r = 0; rank == 0 && r < size; r++)
        CU_ASSERT(all[2 * r] == 10 * r && all[2 * r + 1] == r);
    free(all);
    CU_ASSERT_EQUAL(md_comm_barrier(comm, NULL), MD_OK);
    md_comm_destroy(&comm);
}

/* Odd and even ranks work apart, each with its own nodes, broadcasts and sums. */
static void half_of_the_ranks_can_work_alone(void)
{
    int rank = world_rank(), size = world_size(), odd = rank % 2;
    MPI_Comm half;
    MPI_Comm_split(MPI_COMM_WORLD, odd, rank, &half);
    md_comm *comm;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(half, 0, &comm, NULL), MD_OK);
    MPI_Comm_free(&half);
    CU_ASSERT_EQUAL(md_comm_size(comm), (size + 1 - odd) / 2);
    CU_ASSERT_EQUAL(md_comm_rank(comm), rank / 2);
    CU_ASSERT_EQUAL(md_comm_nodes(comm), 1);
    md_reducer_params params = {.kind = MD_REDUCER_ALLREDUCE,
                                .parameters = 40,
                                .batch = 1,
                                .values = 2,
                                .all_within = all_within};
    md_reducer *reducer;
    CU_ASSERT_EQUAL_FATAL(md_reducer_create(comm, &params, &reducer, NULL), MD_OK);
    for (int i = 0; i < 40; i++)
        md_reducer_gradient(reducer)[i] = (float)(1 + odd);
    md_step_sums sums = {.values[1] = 1 + odd};
    md_reducer_add(reducer, 1, &sums);
    CU_ASSERT_EQUAL(md_reducer_reduce(reducer, 1, 0, &sums, NULL), MD_OK);
    CU_ASSERT_EQUAL(sums.values[1], md_comm_size(comm) * (1 + odd));
    for (size_t i = 0; i < 40; i++)
        CU_ASSERT_EQUAL(md_reducer_gradient(reducer)[i], (float)sums.values[1]);
    md_reducer_destroy(&reducer);
    md_comm_destroy(&comm);
}

/* What a wait hook was told. */
typedef struct waits {
    int waiting, begun, odd;
} waits;

static void note_wait(void *context, int waiting)
{
    waits *w = context;
    w->odd += w->waiting == waiting;
    w->waiting = waiting;
    w->begun += waiting;
}

/* Of `begun` waits, and that they are over. */
static void expect_waits(waits *w, int begun)
{
    CU_ASSERT_EQUAL(w->begun, begun);
    CU_ASSERT(!w->waiting && w->odd == 0);
    *w = (waits){0};
}

static void waits_for_other_ranks_are_told_of(void)
{
    md_comm *comm;
    md_shared *shared;
    waits w = {0};
    int64_t value = world_rank(), all[8];
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 2, &comm, NULL), MD_OK);
    md_comm_set_wait_hook(comm, note_wait, &w);
    CU_ASSERT_EQUAL(md_comm_barrier(comm, NULL), MD_OK);
    expect_waits(&w, 1);
    CU_ASSERT_EQUAL(md_comm_gather(comm, &value, sizeof value, all, NULL), MD_OK);
    expect_waits(&w, 1);
    CU_ASSERT_EQUAL(md_comm_sum(comm, &value, 1, NULL), MD_OK);
    CU_ASSERT_EQUAL(value, world_size() * (world_size() - 1) / 2);
    expect_waits(&w, 1);
    CU_ASSERT_EQUAL(md_agree(comm, MD_OK, NULL), MD_OK);
    expect_waits(&w, 1);
    CU_ASSERT_EQUAL(md_agree(comm, MD_FAILED, NULL), MD_FAILED);
    expect_waits(&w, 2);
    CU_ASSERT_EQUAL(md_agree_digest(comm, 7, "seven", NULL), MD_OK);
    expect_waits(&w, 2);
    CU_ASSERT_EQUAL(md_shared_create(comm, 8, &shared, NULL), MD_OK);
    w.begun = 0;
    CU_ASSERT_EQUAL(md_shared_fence(shared, NULL), MD_OK);
    expect_waits(&w, 1);
    CU_ASSERT_EQUAL(md_comm_broadcast(comm, &value, sizeof value, world_size(), NULL), MD_FAILED);
    expect_waits(&w, 1);
    md_comm_set_wait_hook(comm, NULL, NULL);
    md_shared_destroy(&shared);
    expect_waits(&w, 0);
    md_comm_destroy(&comm);
}

static void check_waits(subject *s)
{
    waits w = {0};
    md_step_sums sums;
    md_comm_set_wait_hook(s->comm, note_wait, &w);
    CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
    CU_ASSERT(w.begun > 0);
    md_reducer_publish(s->reducer, 1);
    CU_ASSERT(!w.waiting && w.odd == 0);
    md_comm_set_wait_hook(s->comm, NULL, NULL);
}

static void reducers_tell_of_their_waits(void)
{
    with_every_reducer(17, 0, check_waits);
}

const char md_suite[] = "comm.comm";
CU_TestInfo md_tests[] = {
    {"ranks of one machine are one node", ranks_of_one_machine_are_one_node},
    {"faked nodes are cut from consecutive ranks", faked_nodes_are_cut_from_consecutive_ranks},
    {"each host is listed once", each_host_is_listed_once},
    {"a negative node size is refused", a_negative_node_size_is_refused},
    {"a call that MPI refuses is an error, not the end",
     a_call_that_mpi_refuses_is_an_error_not_the_end},
    {"data travels from the root and to rank 0", data_travels_from_the_root_and_to_rank_0},
    {"waits for other ranks are told of", waits_for_other_ranks_are_told_of},
    {"reducers tell of their waits", reducers_tell_of_their_waits},
    {"half of the ranks can work alone", half_of_the_ranks_can_work_alone},
    CU_TEST_INFO_NULL};
