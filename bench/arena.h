/* Memory for the kernels of one layer at one batch size, filled with numbers. Local. */
#ifndef MNIST_DIST_BENCH_ARENA_H
#define MNIST_DIST_BENCH_ARENA_H

#include "bench.h"
#include "mnist_dist/nn/loss.h"

enum { MD_BENCH_BATCH = 128, MD_BENCH_WIDTH = 1024 }; /* the largest */

typedef struct md_arena {
    const md_kernels *kernels;
    const md_bench_images *images;
    size_t n, in, out; /* of the layer measured now; the arena has room for MD_BENCH_WIDTH */
    size_t next;       /* image: every call takes others, as in training */
    md_sparse_row rows[MD_BENCH_BATCH];
    uint8_t *pixels; /* [n][in] */
    float *x, *y;    /* [n][in], [n][out] */
    float *w, *b;    /* [in][out], [out] */
    float *spare;    /* [in][out]: dw */
    float *loss;     /* [n] */
    md_loss_kind loss_kind;
    void *scratch;
} md_arena;

md_status md_arena_create(const md_bench *bench, md_arena *out, md_error *err);
void md_arena_free(md_arena *arena); /* half made or whole */

/* Points rows at the next n images. */
void md_arena_next_rows(md_arena *arena);

#endif
