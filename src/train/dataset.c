#include "mnist_dist/train/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/shared.h"
#include "mnist_dist/data/source.h"

struct md_dataset {
    md_shared *shared;
    md_store store;
    size_t train_count;
    md_image_range validation;
};

/* A data set on its way into the block: private memory of the node's first rank. */
typedef struct md_loading {
    md_samples samples;
    md_store_header plan;
} md_loading;

static md_status load(const md_dataset_params *params, md_loading *loading, md_error *err)
{
    md_source *source;
    md_status status = md_source_open(params->source, &source, err);
    for (int split = 0; !status && split < 2; split++)
        if (!params->only || *params->only == (md_split)split)
            status = md_source_read(source, (md_split)split, &loading->samples, err);
    if (!status && params->numbers)
        status = md_samples_number(&loading->samples, err);
    if (!status)
        status = md_store_plan(&loading->samples, params->storage, &loading->plan, err);
    md_source_close(&source);
    return status;
}

/* The node's first rank reads and fills, the others wait in the agreements. */
static md_status share(md_comm *comm, const md_dataset_params *params, md_dataset *dataset,
                       md_error *err)
{
    md_loading loading = {0};
    int first = md_comm_node_rank(comm) == 0;
    md_status status = first ? load(params, &loading, err) : MD_OK;
    status = md_agree(comm, status, err);
    if (!status) {
        status = md_shared_create(comm, loading.plan.bytes, &dataset->shared, err);
        status = md_agree(comm, status, err);
    }
    if (!status) {
        void *block = md_shared_base(dataset->shared);
        if (first)
            md_store_fill(&loading.plan, &loading.samples, block);
        status = md_shared_fence(dataset->shared, err);
        dataset->store = md_store_view(block);
    }
    md_samples_clear(&loading.samples);
    return status;
}

/* Every rank digests the block as it sees it, which one node alone need not do. */
static md_status compare_nodes(md_comm *comm, const md_dataset *dataset, const char *source,
                               md_error *err)
{
    if (md_comm_nodes(comm) == 1)
        return MD_OK;
    uint64_t mine = md_store_digest(&dataset->store), expected = mine;
    md_status status = md_comm_broadcast(comm, &expected, sizeof expected, 0, err);
    if (!status && mine != expected)
        status = md_fail(err, MD_BAD_DATA,
                         "%s is not the same on every node: rank %d on node %d read other bytes "
                         "than rank 0 (digest %016" PRIx64 ", not %016" PRIx64
                         "); copy the same files to all nodes",
                         source, md_comm_rank(comm), md_comm_node(comm), mine, expected);
    return status;
}

static md_status plan_validation(const md_dataset_params *params, md_dataset *dataset,
                                 md_error *err)
{
    static const char split[] = "split:";
    const char *validation = params->validation;
    size_t train = md_store_images(&dataset->store, MD_SPLIT_TRAIN);
    int64_t held_out;
    dataset->train_count = train;
    if (strcmp(validation, "test") == 0) {
        dataset->validation = md_dataset_test(dataset);
        if (dataset->validation.count > 0)
            return MD_OK;
        return md_fail(err, MD_USAGE,
                       "data.validation is test, but %s has no test images; set data.validation to "
                       "none or split:N",
                       params->source);
    }
    if (strncmp(validation, split, strlen(split)) != 0)
        return MD_OK;
    if (!md_parse_i64(validation + strlen(split), 1, (int64_t)train - 1, &held_out))
        return md_fail(err, MD_USAGE,
                       "data.validation is %s, but %s has %zu training images; N must be smaller",
                       validation, params->source, train);
    dataset->train_count = train - (size_t)held_out;
    dataset->validation = (md_image_range){MD_SPLIT_TRAIN, dataset->train_count, (size_t)held_out};
    return MD_OK;
}

md_status md_dataset_create(md_comm *comm, const md_dataset_params *params, md_dataset **out,
                            md_error *err)
{
    *out = NULL;
    void *created;
    md_status status = md_allocate(&created, 1, sizeof **out, "a data set", err);
    status = md_agree(comm, status, err);
    if (status) {
        free(created);
        return status;
    }
    md_dataset *dataset = created;
    status = share(comm, params, dataset, err);
    status = md_agree(comm, status, err);
    if (!status) {
        status = compare_nodes(comm, dataset, params->source, err);
        if (!status)
            status = plan_validation(params, dataset, err);
        status = md_agree(comm, status, err);
    }
    if (status)
        md_dataset_destroy(&dataset);
    *out = dataset;
    return status;
}

void md_dataset_destroy(md_dataset **dataset)
{
    if (!*dataset)
        return;
    md_shared_destroy(&(*dataset)->shared);
    free(*dataset);
    *dataset = NULL;
}

const md_store *md_dataset_store(const md_dataset *dataset)
{
    return &dataset->store;
}

size_t md_dataset_train_count(const md_dataset *dataset)
{
    return dataset->train_count;
}

md_image_range md_dataset_validation(const md_dataset *dataset)
{
    return dataset->validation;
}

md_image_range md_dataset_test(const md_dataset *dataset)
{
    return (md_image_range){MD_SPLIT_TEST, 0, md_store_images(&dataset->store, MD_SPLIT_TEST)};
}
