/* The run's data, once per node: each node's first rank reads it into a shared window. */
#ifndef MNIST_DIST_TRAIN_DATASET_H
#define MNIST_DIST_TRAIN_DATASET_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/data/sampler.h"
#include "mnist_dist/data/store.h"
#include "mnist_dist/resilience/watchdog.h"

typedef struct md_dataset md_dataset;

/* Collective. `source` as in md_source_open; storage auto, dense or sparse; validation test, none
 * or split:N. Checks that every node read the same bytes. *out is NULL on error. */
typedef struct md_dataset_params {
    const char *source, *validation, *storage;
    md_watchdog *watchdog; /* told when this rank reads and when it waits; NULL: nobody is */
} md_dataset_params;

md_status md_dataset_create(md_comm *comm, const md_dataset_params *params, md_dataset **out,
                            md_error *err);
void md_dataset_destroy(md_dataset **dataset); /* collective; NULL is fine; clears *dataset */

/* Local. */
const md_store *md_dataset_store(const md_dataset *dataset);
size_t md_dataset_train_count(const md_dataset *dataset); /* images trained on */

/* Which images validation uses: `count` of `split` from `begin`; count 0 = no validation. */
typedef struct md_image_range {
    md_split split;
    size_t begin, count;
} md_image_range;
md_image_range md_dataset_validation(const md_dataset *dataset);
md_image_range md_dataset_test(const md_dataset *dataset); /* the whole test split */

#endif
