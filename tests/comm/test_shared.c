#include "mnist_dist/comm/shared.h"

#include <stdint.h>
#include <string.h>

#include "fixture.h"
#include "mnist_dist/base/memory.h"
#include "runner.h"

/* Runs `check` on the real node and on faked nodes of 1, 2 and 3 ranks. */
static void on_every_node_size(void (*check)(md_comm *))
{
    for (int n = 0; n <= 3; n++) {
        md_comm *comm;
        CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, n, &comm, NULL), MD_OK);
        check(comm);
        md_comm_destroy(&comm);
    }
}

static void check_fresh(md_comm *comm)
{
    const size_t sizes[] = {1, 63, 4096, 1000003};
    for (int i = 0; i < 4; i++) {
        /* only the first rank's size counts */
        size_t asked = md_comm_node_rank(comm) == 0 ? sizes[i] : 7;
        md_shared *shared;
        CU_ASSERT_EQUAL_FATAL(md_shared_create(comm, asked, &shared, NULL), MD_OK);
        const unsigned char *base = md_shared_base(shared);
        CU_ASSERT_EQUAL((uintptr_t)base % MD_ALIGNMENT, 0);
        int used = 0;
        for (size_t k = 0; k < sizes[i]; k++)
            used |= base[k];
        CU_ASSERT_EQUAL(used, 0);
        md_shared_destroy(&shared);
        CU_ASSERT_PTR_NULL(shared);
        md_shared_destroy(&shared);
    }
}

static void memory_is_aligned_and_zeroed(void)
{
    on_every_node_size(check_fresh);
}

static void check_fence(md_comm *comm)
{
    enum { ROUNDS = 200, CELLS = 16 };
    int rank = md_comm_node_rank(comm), size = md_comm_node_size(comm);
    md_shared *shared;
    size_t bytes = (size_t)size * CELLS * sizeof(int);
    CU_ASSERT_EQUAL_FATAL(md_shared_create(comm, bytes, &shared, NULL), MD_OK);
    int *cells = md_shared_base(shared), stale = 0, failed = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        dawdle(world_rank(), round, 0);
        for (int k = 0; k < CELLS; k++)
            cells[rank * CELLS + k] = round;
        failed |= md_shared_fence(shared, NULL) != MD_OK;
        for (int k = 0; k < size * CELLS; k++)
            stale += cells[k] != round;
        failed |= md_shared_fence(shared, NULL) != MD_OK;
    }
    CU_ASSERT_EQUAL(stale, 0);
    CU_ASSERT_EQUAL(failed, 0);
    md_shared_destroy(&shared);
}

static void what_one_rank_wrote_before_a_fence_all_read_after_it(void)
{
    on_every_node_size(check_fence);
}

static void check_too_large(md_comm *comm)
{
    /* A rank alone gets ordinary memory, which may be promised beyond what there is. */
    const size_t sizes[] = {SIZE_MAX - 5, (size_t)1 << 50};
    int alone = md_comm_node_size(comm) == 1;
    for (int i = 0; i < (alone ? 1 : 2); i++) {
        md_shared *shared = (md_shared *)&shared;
        md_error err;
        CU_ASSERT_EQUAL(md_shared_create(comm, sizes[i], &shared, &err), MD_FAILED);
        CU_ASSERT_PTR_NULL(shared);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/dev/shm on this node has no room"));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--shm-size"));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "OMPI_MCA_osc_sm_backing_directory"));
        CU_ASSERT_EQUAL(err.rank, world_rank() - md_comm_node_rank(comm));
    }
    check_fence(comm);
}

static void too_much_is_refused_on_every_rank_and_harms_nothing(void)
{
    on_every_node_size(check_too_large);
}

const char md_suite[] = "comm.shared";
CU_TestInfo md_tests[] = {{"memory is aligned and zeroed", memory_is_aligned_and_zeroed},
                          {"what one rank wrote before a fence all read after it",
                           what_one_rank_wrote_before_a_fence_all_read_after_it},
                          {"too much is refused on every rank and harms nothing",
                           too_much_is_refused_on_every_rank_and_harms_nothing},
                          CU_TEST_INFO_NULL};
