#include "mnist_dist/comm/comm.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "comm_internal.h"
#include "cpus.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"

struct md_comm {
    MPI_Comm world, node;
    int rank, size;
    int node_rank, node_size;
    int node_number, nodes;
    md_range *places;          /* [nodes] */
    int place, order, crowded; /* see md_comm_place, _order, _is_crowded */
    char *hosts;
    md_wait_hook hook; /* or NULL */
    void *hook_context;
};

/* MPICH puts tabs into its version and a stack of calls into its errors. */
static void put_on_one_line(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        const char c = *from == '\t' || *from == '\n' || *from == '\r' ? ' ' : *from;
        if (c != ' ' || (to > text && to[-1] != ' '))
            *to++ = c;
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

/* Open MPI and MPICH go on with a paragraph. */
const char *md_mpi_version(void)
{
    static const char word[] = " Version:";
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    if (text[0])
        return text;
    if (MPI_Get_library_version(text, &length) != MPI_SUCCESS)
        strcpy(text, "MPI");
    text[strcspn(text, ",\n")] = '\0';
    put_on_one_line(text);
    char *found = strstr(text, word);
    if (found)
        memmove(found, found + sizeof word - 1, strlen(found + sizeof word - 1) + 1);
    return text;
}

md_status md_mpi_check(int code, const char *call, md_error *err)
{
    if (code == MPI_SUCCESS)
        return MD_OK;
    char reason[MPI_MAX_ERROR_STRING] = "unknown error";
    int length;
    MPI_Error_string(code, reason, &length);
    put_on_one_line(reason);
    return md_fail(err, MD_FAILED,
                   "%.*s failed: %s; look for an earlier message of MPI or of a rank that died",
                   (int)strcspn(call, "("), call, reason);
}

void md_comm_set_wait_hook(md_comm *comm, md_wait_hook hook, void *context)
{
    comm->hook = hook;
    comm->hook_context = context;
}

void md_comm_tell(const md_comm *comm, int waiting)
{
    if (comm->hook)
        comm->hook(comm->hook_context, waiting);
}

void md_comm_progress(const md_comm *comm)
{
    int there;
    /* Whatever fails here fails again in the collective that it belongs to. */
    (void)MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm->world, &there, MPI_STATUS_IGNORE);
}

md_status md_comm_told(const md_comm *comm, md_status status)
{
    md_comm_tell(comm, 0);
    return status;
}

/* Not every MPI library hands the error handler on to derived communicators. */
static md_status adopt(MPI_Comm comm, int *rank, int *size, md_error *err)
{
    md_status status = MD_MPI(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), err);
    if (!status)
        status = MD_MPI(MPI_Comm_rank(comm, rank), err);
    if (!status)
        status = MD_MPI(MPI_Comm_size(comm, size), err);
    return status;
}

static md_status split_nodes(md_comm *comm, int node_size, md_error *err)
{
    MPI_Comm real;
    md_status status = MD_MPI(
        MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &real),
        err);
    if (status)
        return status;
    status = adopt(real, &comm->node_rank, &comm->node_size, err);
    if (node_size == 0 || status) {
        comm->node = real;
        return status;
    }
    int color = comm->node_rank / node_size;
    status = MD_MPI(MPI_Comm_split(real, color, comm->node_rank, &comm->node), err);
    MPI_Comm_free(&real);
    if (!status)
        status = adopt(comm->node, &comm->node_rank, &comm->node_size, err);
    return status;
}

/* Nodes are numbered in the order of their lowest ranks. */
static md_status number_nodes(md_comm *comm, md_error *err)
{
    int first = comm->node_rank == 0, before = 0;
    md_status status = MD_MPI(MPI_Exscan(&first, &before, 1, MPI_INT, MPI_SUM, comm->world), err);
    comm->node_number = comm->rank == 0 ? 0 : before; /* MPI leaves rank 0's result undefined */
    if (!status)
        status = MD_MPI(MPI_Bcast(&comm->node_number, 1, MPI_INT, 0, comm->node), err);
    if (!status)
        status = MD_MPI(MPI_Allreduce(&first, &comm->nodes, 1, MPI_INT, MPI_SUM, comm->world), err);
    return status;
}

/* What every rank is told of another one. */
typedef struct standing {
    int node, placed;
    int has_cpu; /* of its own */
} standing;

static void count_places(md_comm *comm, const standing *ranks)
{
    const standing *own = &ranks[comm->rank];
    int before[2] = {0}; /* ranks of this node before this one, without and with a place */
    memset(comm->places, 0, (size_t)comm->nodes * sizeof *comm->places);
    comm->crowded = 0;
    for (int r = 0; r < comm->size; r++) {
        const int here = ranks[r].node == own->node;
        comm->places[ranks[r].node].count += ranks[r].placed != 0;
        comm->crowded |= here && ranks[r].placed && !ranks[r].has_cpu;
        if (here && r < comm->rank)
            before[ranks[r].placed != 0]++;
    }
    for (int k = 1; k < comm->nodes; k++)
        comm->places[k].begin = comm->places[k - 1].begin + comm->places[k - 1].count;
    const md_range *places = &comm->places[own->node];
    comm->order = own->placed ? before[1] : (int)places->count + before[0];
    comm->place = own->placed ? (int)places->begin + comm->order : -1;
}

static md_status place_ranks(md_comm *comm, const standing *own, md_error *err)
{
    void *ranks;
    const int bytes = (int)sizeof *own;
    md_status status =
        md_allocate(&ranks, (size_t)comm->size, sizeof *own, "the places of ranks", err);
    status = md_agree(comm, status, err);
    if (!status)
        status =
            MD_MPI(MPI_Allgather(own, bytes, MPI_BYTE, ranks, bytes, MPI_BYTE, comm->world), err);
    if (!status)
        count_places(comm, ranks);
    free(ranks);
    return status;
}

/* Until it is known who has one. */
static md_status place_all(md_comm *comm, md_error *err)
{
    void *places;
    md_status status =
        md_allocate(&places, (size_t)comm->nodes, sizeof *comm->places, "places", err);
    comm->places = places;
    status = md_agree(comm, status, err);
    const standing own = {.node = comm->node_number, .placed = 1, .has_cpu = 1};
    return status ? status : place_ranks(comm, &own, err);
}

md_status md_comm_give_places(md_comm *comm, int most, md_error *err)
{
    standing own = {.node = comm->node_number};
    md_status status = md_cpus_share(comm, &own.has_cpu, err);
    own.placed = most ? comm->node_rank < most : own.has_cpu;
    status = md_agree(comm, status, err);
    return status ? status : place_ranks(comm, &own, err);
}

typedef char host_name[MPI_MAX_PROCESSOR_NAME];

static void join_hosts(const host_name *names, int size, char *out)
{
    for (int r = 0; r < size; r++) {
        int known = 0;
        for (int q = 0; q < r && !known; q++)
            known = strcmp(names[q], names[r]) == 0;
        if (known)
            continue;
        if (r > 0)
            *out++ = ',';
        out = stpcpy(out, names[r]);
    }
}

static md_status list_hosts(md_comm *comm, md_error *err)
{
    host_name name = {0};
    int length;
    void *names, *hosts = NULL;
    size_t size = (size_t)comm->size;
    md_status status = md_allocate(&names, size, sizeof name, "host names", err);
    if (!status)
        status = md_allocate(&hosts, size, sizeof name, "the list of hosts", err);
    comm->hosts = hosts;
    if (!status)
        status = MD_MPI(MPI_Get_processor_name(name, &length), err);
    status = md_agree(comm, status, err);
    if (!status)
        status = MD_MPI(MPI_Allgather(name, (int)sizeof name, MPI_CHAR, names, (int)sizeof name,
                                      MPI_CHAR, comm->world),
                        err);
    if (!status)
        join_hosts(names, comm->size, comm->hosts);
    free(names);
    return status;
}

static md_status fill(md_comm *comm, int node_size, md_error *err)
{
    md_status status = split_nodes(comm, node_size, err);
    if (!status)
        status = number_nodes(comm, err);
    if (!status)
        status = place_all(comm, err);
    if (!status)
        status = list_hosts(comm, err);
    return status;
}

static md_status create_over(MPI_Comm world, int node_size, md_comm **out, md_error *err)
{
    md_comm made = {.world = world, .node = MPI_COMM_NULL};
    md_status status = adopt(world, &made.rank, &made.size, err);
    if (status)
        return status;
    void *created;
    status = md_allocate(&created, 1, sizeof made, "the communicators", err);
    status = md_agree(&made, status, err);
    if (status) {
        free(created);
        return status;
    }
    *out = created;
    **out = made;
    return fill(*out, node_size, err);
}

md_status md_comm_create(MPI_Comm comm, int node_size, md_comm **out, md_error *err)
{
    *out = NULL;
    if (node_size < 0)
        return md_fail(err, MD_USAGE,
                       "distributed.node_size is %d; give 0 for the real nodes, or 1 and more",
                       node_size);
    MPI_Comm world;
    md_status status = MD_MPI(MPI_Comm_dup(comm, &world), err);
    if (status)
        return status;
    status = create_over(world, node_size, out, err);
    if (status && *out)
        md_comm_destroy(out);
    else if (status)
        MPI_Comm_free(&world);
    return status;
}

void md_comm_destroy(md_comm **comm)
{
    if (!*comm)
        return;
    if ((*comm)->node != MPI_COMM_NULL)
        MPI_Comm_free(&(*comm)->node);
    MPI_Comm_free(&(*comm)->world);
    free((*comm)->places);
    free((*comm)->hosts);
    free(*comm);
    *comm = NULL;
}

int md_comm_rank(const md_comm *comm)
{
    return comm->rank;
}

int md_comm_size(const md_comm *comm)
{
    return comm->size;
}

int md_comm_node_rank(const md_comm *comm)
{
    return comm->node_rank;
}

int md_comm_node_size(const md_comm *comm)
{
    return comm->node_size;
}

int md_comm_node(const md_comm *comm)
{
    return comm->node_number;
}

int md_comm_nodes(const md_comm *comm)
{
    return comm->nodes;
}

int md_comm_place(const md_comm *comm)
{
    return comm->place;
}

int md_comm_place_count(const md_comm *comm)
{
    const md_range *last = &comm->places[comm->nodes - 1];
    return (int)(last->begin + last->count);
}

int md_comm_order(const md_comm *comm)
{
    return comm->order;
}

int md_comm_is_crowded(const md_comm *comm)
{
    return comm->crowded;
}

md_range md_comm_places(const md_comm *comm, int node)
{
    return comm->places[node];
}

MPI_Comm md_comm_world(const md_comm *comm)
{
    return comm->world;
}

MPI_Comm md_comm_node_comm(const md_comm *comm)
{
    return comm->node;
}

const char *md_comm_hosts(const md_comm *comm)
{
    return comm->hosts;
}

md_status md_comm_barrier(md_comm *comm, md_error *err)
{
    return MD_COLLECTIVE(comm, MPI_Barrier(comm->world), err);
}

md_status md_broadcast_over(const md_comm *comm, MPI_Comm ranks, void *data, size_t bytes, int root,
                            md_error *err)
{
    const size_t most = 1 << 30; /* MPI counts are ints */
    md_status status = MD_OK;
    for (size_t sent = 0; sent < bytes && !status; sent += most) {
        size_t piece = bytes - sent < most ? bytes - sent : most;
        status = MD_COLLECTIVE(
            comm, MPI_Bcast((char *)data + sent, (int)piece, MPI_BYTE, root, ranks), err);
    }
    return status;
}

md_status md_comm_broadcast(md_comm *comm, void *data, size_t bytes, int root, md_error *err)
{
    return md_broadcast_over(comm, comm->world, data, bytes, root, err);
}

md_status md_comm_gather(md_comm *comm, const void *data, size_t bytes, void *out, md_error *err)
{
    if (bytes > INT_MAX)
        return md_fail(err, MD_FAILED, "%zu bytes from each rank are too many to gather at once",
                       bytes);
    return MD_COLLECTIVE(
        comm, MPI_Gather(data, (int)bytes, MPI_BYTE, out, (int)bytes, MPI_BYTE, 0, comm->world),
        err);
}

md_status md_comm_sum(md_comm *comm, int64_t *values, size_t count, md_error *err)
{
    if (count > INT_MAX)
        return md_fail(err, MD_FAILED, "%zu numbers are too many to sum at once", count);
    return MD_COLLECTIVE(
        comm, MPI_Allreduce(MPI_IN_PLACE, values, (int)count, MPI_INT64_T, MPI_SUM, comm->world),
        err);
}
