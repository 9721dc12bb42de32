#include "fixture.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/base/rng.h"
#include "runner.h"

uint32_t draw(int rank, int step, size_t i)
{
    uint32_t block[4];
    md_rng_key key = {
        .seed = (uint64_t)rank + 1, .stream = MD_STREAM_SYNTHETIC, .high = (uint32_t)step};
    md_rng_block(&key, i, block);
    return block[0];
}

float draw_real(int rank, int step, size_t i)
{
    return (float)(int32_t)draw(rank, step, i) / 2147483648.0f;
}

int draw_whole(int rank, int step, size_t i)
{
    return (int)(draw(rank, step, i) % 16) - 8;
}

int gradient_of(int rank, int step, size_t i, int parameter)
{
    return draw_whole(rank, step, i) + parameter % 7;
}

int stepped(int old, int sum)
{
    enum { WRAP = 1024 };
    return ((old - sum) % WRAP + WRAP) % WRAP;
}

void dawdle(int rank, int step, int place)
{
    uint32_t value = draw(rank + 1000, step, (size_t)place);
    if (value % 3 == 0)
        usleep(value / 3 % 400);
}

int all_within(const float *x, size_t count, float bound)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(x[i]) <= bound))
            return 0;
    return 1;
}

int world_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

int world_size(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

int same_everywhere(uint64_t value)
{
    uint64_t least, most;
    MPI_Allreduce(&value, &least, 1, MPI_UINT64_T, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&value, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
    return least == most;
}

md_range cut_evenly(const void *parameters, int part, int parts)
{
    return md_range_part((md_range){0, *(const size_t *)parameters}, part, parts);
}

int open_subject(subject *s, md_reducer_kind kind, int node_size, size_t parameters, int moments)
{
    md_error err;
    *s = (subject){
        .kind = kind, .node_size = node_size, .parameters = parameters, .matrix = {parameters, 1}};
    const md_reducer_params params = {.kind = kind,
                                      .parameters = parameters,
                                      .moments = moments,
                                      .rows = parameters,
                                      .batch = (size_t)world_size(),
                                      .values = 2,
                                      .matrices = &s->matrix,
                                      .matrix_count = 1,
                                      .cut = cut_evenly,
                                      .context = &s->parameters,
                                      .all_within = all_within};
    md_status status = md_comm_create(MPI_COMM_WORLD, node_size, &s->comm, &err);
    if (status || md_reducer_create(s->comm, &params, &s->reducer, &err)) {
        CU_FAIL("no reducer");
        fprintf(stderr, "%s, node size %d: %s\n", md_reducer_abouts[kind].name, node_size,
                err.text);
        return 0;
    }
    s->begin = md_reducer_slice(s->reducer).begin;
    s->count = md_reducer_slice(s->reducer).count;
    return 1;
}

float *own_row(subject *s)
{
    float *rows = md_reducer_matrices(s->reducer);
    const size_t row = md_reducer_part(s->reducer, (size_t)world_size()).begin;
    return rows ? rows + row * s->parameters : md_reducer_gradient(s->reducer);
}

void add_row(subject *s, int samples, const md_step_sums *sums)
{
    md_reducer_add(s->reducer, (size_t)samples, sums);
}

md_status reduce(subject *s, int samples, int stop, md_step_sums *sums)
{
    return md_reducer_reduce(s->reducer, (size_t)samples, stop, sums, NULL);
}

float sum_at(const subject *s, int samples, size_t parameter)
{
    const float *rows = md_reducer_matrices(s->reducer);
    float sum = 0.0f;
    if (!rows)
        return md_reducer_gradient(s->reducer)[parameter];
    for (size_t i = 0; i < (size_t)samples; i++)
        sum += rows[i * s->parameters + parameter];
    return sum;
}

void close_subject(subject *s)
{
    md_reducer_destroy(&s->reducer);
    md_comm_destroy(&s->comm);
}

void with_every_reducer(size_t parameters, int moments, void (*check)(subject *))
{
    for (int node_size = 0; node_size <= 3; node_size++)
        for (int kind = 0; kind < MD_REDUCER_KINDS; kind++) {
            subject s;
            if (open_subject(&s, (md_reducer_kind)kind, node_size, parameters, moments))
                check(&s);
            close_subject(&s);
        }
}

int slices_cover(const subject *s)
{
    enum { MOST = 64 };
    uint64_t own[2] = {s->begin, s->count}, all[MOST][2];
    int size = md_comm_node_size(s->comm);
    MPI_Allgather(own, 2, MPI_UINT64_T, all, 2, MPI_UINT64_T, md_comm_node_comm(s->comm));
    int whole = 0;
    for (int r = 0; r < size; r++)
        whole += all[r][0] == 0 && all[r][1] == s->parameters;
    if (whole == size)
        return 1;
    uint64_t next = 0;
    for (int r = 0; r < size; r++)
        if (all[r][1] > 0) {
            if (all[r][0] != next)
                return 0;
            next += all[r][1];
        }
    return next == s->parameters;
}
