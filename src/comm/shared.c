#include "mnist_dist/comm/shared.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "comm_internal.h"
#include "mnist_dist/base/memory.h"

struct md_shared {
    md_comm *comm; /* borrowed */
    MPI_Win window;
    void *base;
    int locked;
};

static md_status agree_on_node(md_comm *comm, md_status local, md_error *err)
{
    return md_agree_over(comm, md_comm_node_comm(comm), local, err);
}

/* Where Open MPI puts the file behind a window; others use /dev/shm as well. */
static const char *backing_folder(void)
{
    const char *chosen = getenv("OMPI_MCA_osc_sm_backing_directory");
    return chosen ? chosen : "/dev/shm";
}

static md_status fail_space(size_t bytes, md_error *err)
{
    return md_fail(err, MD_FAILED,
                   "shared memory: %s on this node has no room for %zu bytes; enlarge it (docker "
                   "run --shm-size=1g, or mount -o remount,size=1g /dev/shm), remove what dead "
                   "jobs left there, or name a folder with room in "
                   "OMPI_MCA_osc_sm_backing_directory",
                   backing_folder(), bytes);
}

size_t md_shared_room(const md_comm *comm)
{
    struct statvfs folder;
    if (md_comm_node_size(comm) == 1 || statvfs(backing_folder(), &folder) != 0)
        return SIZE_MAX;
    return (size_t)folder.f_bavail * folder.f_frsize;
}

/* When the first rank of a node finds no room, Open MPI 4.1 returns an error there and leaves the
 * others waiting, so the first rank looks before anybody calls. A rank alone on its node gets
 * ordinary memory. */
static md_status check_space(md_comm *comm, size_t bytes, md_error *err)
{
    const size_t bookkeeping = 1 << 20; /* MPI's own, in the same file */
    const int fits = bytes <= PTRDIFF_MAX - bookkeeping;
    return fits && bytes + bookkeeping <= md_shared_room(comm) ? MD_OK : fail_space(bytes, err);
}

/* Touching a page for which the file system has no room raises SIGBUS; asking the kernel for all
 * pages first turns that into an error (Linux 5.14; older ones say EINVAL). */
static md_status fill_pages(void *base, size_t bytes, md_error *err)
{
#ifdef MADV_POPULATE_WRITE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    size_t into_page = (uintptr_t)base % page;
    if (madvise((char *)base - into_page, into_page + bytes, MADV_POPULATE_WRITE) != 0 &&
        (errno == EFAULT || errno == ENOMEM))
        return fail_space(bytes, err);
#endif
    memset(base, 0, bytes);
    return MD_OK;
}

/* MPI promises no more than 8-byte alignment (and Open MPI gives no more). All ranks map whole
 * pages of one file, so rounding up finds the same byte on each of them. */
static md_status find_base(md_shared *shared, md_error *err)
{
    MPI_Aint size;
    int unit;
    void *start = NULL;
    md_status status = MD_MPI(MPI_Win_shared_query(shared->window, 0, &size, &unit, &start), err);
    uintptr_t past = (uintptr_t)start % MD_ALIGNMENT;
    shared->base = (char *)start + (past ? MD_ALIGNMENT - past : 0);
    return status;
}

static md_status open_window(md_comm *comm, size_t bytes, md_shared *shared, md_error *err)
{
    int first = md_comm_node_rank(comm) == 0;
    MPI_Aint room = first ? (MPI_Aint)(bytes + MD_ALIGNMENT) : 0;
    void *own;
    md_status status = first ? check_space(comm, bytes, err) : MD_OK;
    status = agree_on_node(comm, status, err);
    if (status)
        return status;
    status = MD_COLLECTIVE(comm,
                           MPI_Win_allocate_shared(room, 1, MPI_INFO_NULL, md_comm_node_comm(comm),
                                                   &own, &shared->window),
                           err);
    status = agree_on_node(comm, status, err);
    if (status) {
        shared->window = MPI_WIN_NULL; /* freeing it would wait for ranks that have none */
        return status;
    }
    status = MD_MPI(MPI_Win_set_errhandler(shared->window, MPI_ERRORS_RETURN), err);
    if (!status)
        status = find_base(shared, err);
    if (!status && first)
        status = fill_pages(shared->base, bytes, err);
    return agree_on_node(comm, status, err);
}

md_status md_shared_create(md_comm *comm, size_t bytes, md_shared **out, md_error *err)
{
    *out = NULL;
    void *created;
    md_status status = md_allocate(&created, 1, sizeof **out, "a shared window", err);
    status = agree_on_node(comm, status, err);
    if (status) {
        free(created);
        return status;
    }
    md_shared *shared = created;
    *shared = (md_shared){.comm = comm, .window = MPI_WIN_NULL};
    status = open_window(comm, bytes, shared, err);
    if (!status)
        status = MD_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, shared->window), err);
    shared->locked = !status;
    status = agree_on_node(comm, status, err);
    if (!status)
        status = md_shared_fence(shared, err);
    if (status)
        md_shared_destroy(&shared);
    *out = shared;
    return status;
}

void *md_shared_base(const md_shared *shared)
{
    return shared->base;
}

md_status md_shared_sync(md_shared *shared, md_error *err)
{
    return MD_MPI(MPI_Win_sync(shared->window), err);
}

/* The first sync completes this rank's stores before it says, by entering the barrier, that they
 * are there; the barrier holds every rank until all have said so; the second sync keeps loads that
 * follow from being answered with what was read before the barrier. */
md_status md_shared_fence(md_shared *shared, md_error *err)
{
    md_status status = md_shared_sync(shared, err);
    if (!status)
        status = MD_COLLECTIVE(shared->comm, MPI_Barrier(md_comm_node_comm(shared->comm)), err);
    if (!status)
        status = md_shared_sync(shared, err);
    return status;
}

void md_shared_destroy(md_shared **shared)
{
    if (!*shared)
        return;
    if ((*shared)->locked)
        MPI_Win_unlock_all((*shared)->window);
    if ((*shared)->window != MPI_WIN_NULL)
        (void)MD_COLLECTIVE((*shared)->comm, MPI_Win_free(&(*shared)->window), NULL);
    free(*shared);
    *shared = NULL;
}
