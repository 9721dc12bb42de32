#include "mnist_dist/comm/agree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "comm_internal.h"
#include "mnist_dist/base/memory.h"

md_status md_agree_over(const md_comm *comm, MPI_Comm ranks, md_status local, md_error *err)
{
    int rank = 0, size = 0, lowest = 0;
    MPI_Comm_rank(ranks, &rank);
    MPI_Comm_size(ranks, &size);
    int failing = local ? rank : size;
    md_status status =
        MD_COLLECTIVE(comm, MPI_Allreduce(&failing, &lowest, 1, MPI_INT, MPI_MIN, ranks), err);
    if (status || lowest == size)
        return status;

    md_error agreed;
    md_fail(&agreed, local, "a rank failed without saying why");
    if (rank == lowest && err && err->status)
        agreed = *err;
    agreed.status = local;
    if (agreed.rank < 0) /* else it was agreed before, over fewer ranks */
        agreed.rank = md_comm_rank(comm);
    status =
        MD_COLLECTIVE(comm, MPI_Bcast(&agreed, (int)sizeof agreed, MPI_BYTE, lowest, ranks), err);
    if (status)
        return status;
    if (err)
        *err = agreed;
    return agreed.status;
}

md_status md_agree(md_comm *comm, md_status local, md_error *err)
{
    return md_agree_over(comm, md_comm_world(comm), local, err);
}

/* The digest that more than half of the ranks have, or rank 0's (Boyer and Moore's vote). */
static uint64_t find_majority(const uint64_t *digests, int size)
{
    uint64_t candidate = digests[0];
    int votes = 0, count = 0;
    for (int r = 0; r < size; r++) {
        if (votes == 0)
            candidate = digests[r];
        votes += digests[r] == candidate ? 1 : -1;
    }
    for (int r = 0; r < size; r++)
        count += digests[r] == candidate;
    return 2 * count > size ? candidate : digests[0];
}

/* "1, 4 and 7 more" */
static void list_ranks(const uint64_t *digests, int size, uint64_t expected, char *out, size_t room)
{
    enum { MOST_NAMED = 16 };
    int differing = 0;
    size_t used = 0;
    for (int r = 0; r < size; r++)
        if (digests[r] != expected && differing++ < MOST_NAMED)
            used += (size_t)snprintf(out + used, room - used, "%s%d", used ? ", " : "", r);
    if (differing > MOST_NAMED)
        snprintf(out + used, room - used, " and %d more", differing - MOST_NAMED);
}

static md_status judge(const uint64_t *digests, int size, const char *what, md_error *err)
{
    uint64_t expected = find_majority(digests, size);
    for (int r = 0; r < size; r++)
        if (digests[r] != expected) {
            char ranks[256];
            list_ranks(digests, size, expected, ranks, sizeof ranks);
            return md_fail(err, MD_FAILED,
                           "%s differs between ranks: rank %s of %d (rank %d has %016" PRIx64
                           ", the others %016" PRIx64 "); run the same binary with the same "
                           "kernels on all nodes, and go on from the last checkpoint",
                           what, ranks, size, r, digests[r], expected);
        }
    return MD_OK;
}

md_status md_agree_digest(md_comm *comm, uint64_t digest, const char *what, md_error *err)
{
    int size = md_comm_size(comm);
    void *digests;
    md_status status = md_allocate(&digests, (size_t)size, sizeof digest, "rank digests", err);
    status = md_agree(comm, status, err);
    if (!status)
        status = MD_COLLECTIVE(
            comm,
            MPI_Allgather(&digest, 1, MPI_UINT64_T, digests, 1, MPI_UINT64_T, md_comm_world(comm)),
            err);
    if (!status)
        status = judge(digests, size, what, err);
    free(digests);
    return status;
}
