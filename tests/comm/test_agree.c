#include "mnist_dist/comm/agree.h"

#include <string.h>

#include "fixture.h"
#include "runner.h"

static md_comm *open_comm(void)
{
    md_comm *comm;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, 0, &comm, NULL), MD_OK);
    return comm;
}

/* Every rank for which `failing` has a bit fails in its own way. */
static void check_failing(md_comm *comm, unsigned failing, int lowest)
{
    const md_status ways[] = {MD_BAD_DATA, MD_BAD_CHECKPOINT, MD_USAGE, MD_FAILED};
    int rank = world_rank();
    md_error err;
    char expected[64];
    snprintf(expected, sizeof expected, "file %d is gone", lowest);
    md_status local = MD_OK;
    if (failing >> rank & 1)
        local = md_fail(&err, ways[rank % 4], "file %d is gone", rank);
    CU_ASSERT_EQUAL(md_agree(comm, local, &err), ways[lowest % 4]);
    CU_ASSERT_EQUAL(err.status, ways[lowest % 4]);
    CU_ASSERT_EQUAL(err.rank, lowest);
    CU_ASSERT_STRING_EQUAL(err.text, expected);
}

static void all_is_well_when_no_rank_fails(void)
{
    md_comm *comm = open_comm();
    md_error err = {.text = "untouched"};
    CU_ASSERT_EQUAL(md_agree(comm, MD_OK, &err), MD_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "untouched");
    CU_ASSERT_EQUAL(md_agree(comm, MD_OK, NULL), MD_OK);
    md_comm_destroy(&comm);
}

static void one_failing_rank_speaks_for_all(void)
{
    md_comm *comm = open_comm();
    for (int r = 0; r < world_size(); r++)
        check_failing(comm, 1u << r, r);
    md_comm_destroy(&comm);
}

static void of_several_failing_ranks_the_lowest_speaks(void)
{
    md_comm *comm = open_comm();
    unsigned all = (1u << world_size()) - 1;
    check_failing(comm, all, 0);
    if (world_size() > 2)
        check_failing(comm, all & ~1u, 1);
    md_comm_destroy(&comm);
}

static void a_status_is_agreed_even_without_a_text(void)
{
    md_comm *comm = open_comm();
    int last = world_size() - 1;
    md_error err;
    int mute = world_rank() == last;
    CU_ASSERT_EQUAL(md_agree(comm, mute ? MD_BAD_DATA : MD_OK, mute ? NULL : &err), MD_BAD_DATA);
    if (!mute)
        CU_ASSERT_EQUAL(err.rank, last);
    md_comm_destroy(&comm);
}

/* What err holds may be of a call before that went well. */
static void the_status_is_the_one_that_is_passed(void)
{
    md_comm *comm = open_comm();
    md_error err = {0};
    CU_ASSERT_EQUAL(md_agree(comm, world_rank() == 0 ? MD_FAILED : MD_OK, &err), MD_FAILED);
    CU_ASSERT_EQUAL(err.status, MD_FAILED);
    CU_ASSERT_NOT_EQUAL(err.text[0], '\0');
    md_comm_destroy(&comm);
}

/* Ranks with a bit in `odd` hold another digest. */
static md_status compare(md_comm *comm, unsigned odd, md_error *err)
{
    uint64_t digest = odd >> world_rank() & 1 ? 0xbad0000000000001 : 0x600d000000000002;
    return md_agree_digest(comm, digest, "weights after step 7", err);
}

static void equal_digests_agree(void)
{
    md_comm *comm = open_comm();
    md_error err;
    CU_ASSERT_EQUAL(compare(comm, 0, &err), MD_OK);
    CU_ASSERT_EQUAL(compare(comm, ~0u, &err), MD_OK);
    md_comm_destroy(&comm);
}

static void ranks_that_differ_from_the_majority_are_named(void)
{
    md_comm *comm = open_comm();
    md_error err;
    for (int r = 0; r < world_size() && world_size() > 2; r++) {
        char expected[64];
        snprintf(expected, sizeof expected, "weights after step 7 differs between ranks: rank %d ",
                 r);
        CU_ASSERT_EQUAL(compare(comm, 1u << r, &err), MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, expected));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "has bad0000000000001, the others 600d"));
    }
    md_comm_destroy(&comm);
}

static void without_a_majority_rank_0_is_right(void)
{
    md_comm *comm = open_comm();
    md_error err;
    if (world_size() == 2) {
        CU_ASSERT_EQUAL(compare(comm, 1, &err), MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "rank 1 of 2 "));
    }
    if (world_size() == 4) {
        CU_ASSERT_EQUAL(compare(comm, 5, &err), MD_FAILED);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "rank 1, 3 of 4 "));
    }
    md_comm_destroy(&comm);
}

const char md_suite[] = "comm.agree";
CU_TestInfo md_tests[] = {
    {"all is well when no rank fails", all_is_well_when_no_rank_fails},
    {"one failing rank speaks for all", one_failing_rank_speaks_for_all},
    {"of several failing ranks the lowest speaks", of_several_failing_ranks_the_lowest_speaks},
    {"a status is agreed even without a text", a_status_is_agreed_even_without_a_text},
    {"the status is the one that is passed", the_status_is_the_one_that_is_passed},
    {"equal digests agree", equal_digests_agree},
    {"ranks that differ from the majority are named",
     ranks_that_differ_from_the_majority_are_named},
    {"without a majority rank 0 is right", without_a_majority_rank_0_is_right},
    CU_TEST_INFO_NULL};
