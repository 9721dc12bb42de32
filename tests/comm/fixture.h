/* What the tests of comm/ share: plain arithmetic for reducers, drawn numbers, and a walk over all
 * reducers on all ways to cut the ranks into nodes. */
#ifndef MNIST_DIST_TEST_COMM_FIXTURE_H
#define MNIST_DIST_TEST_COMM_FIXTURE_H

#include "mnist_dist/comm/reducer.h"

/* Equal arguments, equal number: every rank can compute what another one drew. */
uint32_t draw(int rank, int step, size_t i);
float draw_real(int rank, int step, size_t i); /* in [-1, 1) */
int draw_whole(int rank, int step, size_t i);  /* -8 .. 7, so that float sums are exact */
/* A gradient that depends on the parameter, as gradients do, of a rank or a sample; and what stands
 * for the optimizer: whole numbers in, whole numbers out. */
int gradient_of(int rank, int step, size_t i, int parameter);
int stepped(int old, int sum);
void dawdle(int rank, int step, int place); /* sleeps now and then, up to 0.4 ms */

int all_within(const float *x, size_t count, float bound); /* nothing but a loop */
/* See md_reducer_params; `parameters` points to their number, a size_t. */
md_range cut_evenly(const void *parameters, int part, int parts);

int world_rank(void);
int world_size(void);
int same_everywhere(uint64_t value); /* collective: 1 when all ranks passed the same */

/* A reducer under test; `kind` and `node_size` say which. */
typedef struct subject {
    md_reducer_kind kind;
    int node_size;
    md_comm *comm;
    md_reducer *reducer;
    size_t parameters;
    md_matrix matrix;    /* its shape: a row for each sample */
    size_t begin, count; /* its slice */
} subject;

/* Each rank has one sample in the batch, whose gradient is a row of `parameters` numbers: where the
 * rank writes them. Of a batch of fewer samples the first ranks have one. */
float *own_row(subject *s);
md_status reduce(subject *s, int samples, int stop, md_step_sums *sums);
void add_row(subject *s, int samples, const md_step_sums *sums);
/* After reduce: the sum over the batch's samples, of a parameter in the slice. */
float sum_at(const subject *s, int samples, size_t parameter);

int open_subject(subject *s, md_reducer_kind kind, int node_size, size_t parameters, int moments);
void close_subject(subject *s);

/* Every reducer, on the real node and on faked ones of 1, 2 and 3 ranks. */
void with_every_reducer(size_t parameters, int moments, void (*check)(subject *));

/* Each rank has the whole block for its slice, or the slices of a node, one after another, are the
 * whole block. Collective. */
int slices_cover(const subject *s);

#endif
