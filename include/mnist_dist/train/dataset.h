/* The run's data, once per node: each node's first rank reads it into a shared window. */
#ifndef MNIST_DIST_TRAIN_DATASET_H
#define MNIST_DIST_TRAIN_DATASET_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/data/sampler.h"
#include "mnist_dist/data/store.h"

typedef struct md_dataset md_dataset;

typedef struct md_dataset_params {
    const char *source;               /* as in md_source_open */
    const char *validation;           /* test, none or split:N; test of data in one part is none */
    const char *x[2], *y[2], *target; /* names in the file; see md_source_wishes */
    md_storage storage;
    md_memory memory;
    size_t window; /* bytes that streamed features are read through */
    md_scaling scaling;
    const md_scale *scale; /* the model's own, where it has one; see md_settling */
    int as_is, transpose;  /* see there */
    const md_split *only;  /* the other split is left empty, unread, and storage a wish that other
                              data than the run's need not fulfil; NULL: both are read */
    const md_model_spec *model; /* is asked for answers; see md_source_wishes; NULL: none is */
    int numbers;                /* samples are answered with numbers: labels, too, become targets */
} md_dataset_params;

/* What the configuration says. Borrows from it. */
md_dataset_params md_dataset_params_of(const md_config *config);

/* Collective. Checks that every node read the same bytes. comm is borrowed. *out is NULL on error.
 */
md_status md_dataset_create(md_comm *comm, const md_dataset_params *params, md_dataset **out,
                            md_error *err);
void md_dataset_destroy(md_dataset **dataset); /* collective; NULL is fine; clears *dataset */

/* Collective. Rank 0's scale becomes everybody's; others' must be zeroed, and all are for
 * md_scale_clear. */
md_status md_scale_share(md_comm *comm, md_scale *scale, md_error *err);

/* Local. */
int md_dataset_streams(const md_dataset *dataset);           /* equal on all ranks */
int md_dataset_is_single(const md_dataset *dataset);         /* likewise: one part is all it has */
const md_scale *md_dataset_scale(const md_dataset *dataset); /* likewise */
const md_store *md_dataset_store(const md_dataset *dataset);
size_t md_dataset_train_count(const md_dataset *dataset); /* images trained on */

md_image_range md_dataset_validation(const md_dataset *dataset); /* count 0: no validation */
md_image_range md_dataset_test(const md_dataset *dataset);       /* the whole test split */

#endif
