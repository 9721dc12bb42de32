#include "mnist_dist/train/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/digest.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/shared.h"
#include "mnist_dist/data/provenance.h"
#include "mnist_dist/data/source.h"

struct md_dataset {
    md_shared *shared;
    md_scale scale; /* on ranks that read */
    int single;     /* the source has one part */
    int streams;    /* features stay in their file */
    md_store store;
    size_t train_count;
    md_image_range validation;
};

/* A data set on its way into the block: private memory of the node's first rank. */
typedef struct md_loading {
    md_source *source;
    int streams; /* features are to stay there */
    md_samples samples;
    md_store_header plan;
    int single;
} md_loading;

md_dataset_params md_dataset_params_of(const md_config *config)
{
    return (md_dataset_params){.source = config->data.source,
                               .validation = config->data.validation,
                               .x = {config->data.train_x, config->data.test_x},
                               .y = {config->data.train_y, config->data.test_y},
                               .target = config->data.target,
                               .storage = config->data.storage,
                               .memory = config->data.memory,
                               .window = (size_t)config->data.window << 20,
                               .scaling = config->data.scale,
                               .transpose = config->data.transpose,
                               .numbers = md_model_spec_answer(&config->model) != MD_ANSWER_CLASS};
}

/* The N of split:N, or 0 when that is not asked for or impossible. */
static size_t held_out(const char *validation, size_t train)
{
    static const char split[] = "split:";
    int64_t n = 0;
    if (train == 0 || strncmp(validation, split, strlen(split)) != 0 ||
        !md_parse_i64(validation + strlen(split), 1, (int64_t)train - 1, &n))
        return 0;
    return (size_t)n;
}

static md_status settle(const md_dataset_params *params, md_samples *samples, md_error *err)
{
    const size_t train = samples->shape.images[MD_SPLIT_TRAIN];
    const md_settling settling = {.scaling = params->scaling,
                                  .fixed = params->scale,
                                  .as_is = params->as_is,
                                  .held_out = held_out(params->validation, train),
                                  .transpose = params->transpose};
    md_status status = md_samples_settle(samples, &settling, err);
    return status == MD_BAD_DATA ? md_fail_context(err, status, "%s: ", params->source) : status;
}

static md_status open_source(const md_dataset_params *params, md_loading *loading, md_error *err)
{
    const md_source_wishes wishes = {.where = params->source,
                                     .x = {params->x[0], params->x[1]},
                                     .y = {params->y[0], params->y[1]},
                                     .target = params->target,
                                     .scale = params->scale,
                                     .only = params->only,
                                     .model = params->model,
                                     .numbers = params->numbers};
    return md_source_open(&wishes, &loading->source, err);
}

/* A model that knows no names takes those of what it is trained on. */
static md_status name(const md_dataset_params *params, md_loading *loading, md_error *err)
{
    const md_source *source = loading->source;
    md_scale *scale = &loading->samples.scale;
    if (params->only || scale->feature_names || scale->class_names)
        return MD_OK;
    return md_scale_name(scale, md_source_feature_names(source), md_source_class_names(source),
                         err);
}

/* Reads what belongs in memory. */
static md_status load(const md_dataset_params *params, md_loading *loading, md_error *err)
{
    md_source *source = loading->source;
    md_status status = MD_OK;
    for (int split = 0; !status && split < 2; split++) {
        if (params->only && *params->only != (md_split)split)
            continue;
        status = loading->streams ? md_source_locate(source, (md_split)split, params->window,
                                                     &loading->samples, err)
                                  : md_source_read(source, (md_split)split, &loading->samples, err);
    }
    if (!status && !params->scale)
        status = md_scale_name(&loading->samples.scale, md_source_feature_names(source),
                               md_source_class_names(source), err);
    if (!status)
        status = settle(params, &loading->samples, err);
    if (!status)
        status = name(params, loading, err);
    if (!status)
        loading->single = md_source_is_single(source);
    if (!status)
        status = md_store_plan(&loading->samples, params->storage, &loading->plan, err);
    if (status == MD_USAGE && params->only && params->storage == MD_STORAGE_SPARSE)
        status = md_store_plan(&loading->samples, MD_STORAGE_AUTO, &loading->plan, err);
    return status;
}

/* Reading takes about twice what stays. */
static int is_too_large(const md_comm *comm, size_t bytes)
{
    return bytes > md_memory_available() / 2 || bytes > md_shared_room(comm);
}

/* Collective. One node with too little memory makes all stream, since it changes the order. */
static md_status choose_memory(md_comm *comm, const md_dataset_params *params, md_loading *loading,
                               md_error *err)
{
    const size_t bytes = loading->source ? md_source_bytes(loading->source) : 0;
    int64_t large = params->memory == MD_MEMORY_AUTO && is_too_large(comm, bytes);
    md_status status = md_comm_sum(comm, &large, 1, err);
    loading->streams = params->memory == MD_MEMORY_STREAM || large > 0;
    if (!status && loading->streams && md_comm_rank(comm) == 0)
        md_info("%s: the features, %zu MB, %s: read as they are needed, through %zu MB of each "
                "node's memory",
                params->source, (bytes >> 20) + 1,
                large > 0 ? "take more than half of a node's free memory" : "stay in their file",
                params->window >> 20);
    return status;
}

static void say_notes(const md_source *source)
{
    const char *at = md_source_notes(source);
    while (at && *at) {
        const int length = (int)strcspn(at, "\n");
        md_warn("%.*s", length, at);
        at += length + (at[length] == '\n');
    }
}

/* The node's first rank reads, the others wait in the agreements. */
static md_status read_on_nodes(md_comm *comm, const md_dataset_params *params, md_loading *loading,
                               md_error *err)
{
    const int first = md_comm_node_rank(comm) == 0;
    md_status status = first ? open_source(params, loading, err) : MD_OK;
    status = md_agree(comm, status, err);
    if (!status)
        status = choose_memory(comm, params, loading, err);
    if (!status)
        status = md_agree(comm, first ? load(params, loading, err) : MD_OK, err);
    if (!status && md_comm_rank(comm) == 0)
        say_notes(loading->source);
    md_source_close(&loading->source);
    return status;
}

static md_status share(md_comm *comm, const md_dataset_params *params, md_dataset *dataset,
                       md_error *err)
{
    md_loading loading = {0};
    int first = md_comm_node_rank(comm) == 0;
    md_status status = read_on_nodes(comm, params, &loading, err);
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
        if (!status)
            status = md_agree(comm, md_store_open(&dataset->store, err), err);
    }
    dataset->single = loading.single;
    dataset->streams = loading.streams;
    if (!status)
        status = md_comm_broadcast(comm, &dataset->single, sizeof dataset->single, 0, err);
    dataset->scale = loading.samples.scale;
    loading.samples.scale = (md_scale){0};
    md_samples_clear(&loading.samples);
    return status;
}

/* Of a streamed data set all that makes a run the same: what was read, and how it is cut. */
static md_status digest(const md_dataset *dataset, uint64_t *out, md_error *err)
{
    const md_store *store = &dataset->store;
    struct {
        char sha256[MD_DATA_SHA256_SIZE];
        size_t chunk, window;
    } whole = {.chunk = store->header->chunk, .window = store->header->window};
    *out = md_store_digest(store);
    if (!dataset->streams)
        return MD_OK;
    md_status status = md_data_sha256(store, whole.sha256, err);
    *out = md_digest_bytes(&whole, sizeof whole);
    return status;
}

/* Every rank digests the block as it sees it, which one node alone need not do. */
static md_status compare_nodes(md_comm *comm, const md_dataset *dataset, const char *source,
                               md_error *err)
{
    if (md_comm_nodes(comm) == 1)
        return MD_OK;
    uint64_t mine;
    md_status status = md_agree(comm, digest(dataset, &mine, err), err);
    if (status)
        return status;
    uint64_t expected = mine;
    status = md_comm_broadcast(comm, &expected, sizeof expected, 0, err);
    if (!status && mine != expected)
        status = md_fail(err, MD_BAD_DATA,
                         "%s is not the same on every node: rank %d on node %d read other bytes "
                         "than rank 0 (digest %016" PRIx64 ", not %016" PRIx64
                         "); copy the same files to all nodes",
                         source, md_comm_rank(comm), md_comm_node(comm), mine, expected);
    return status;
}

/* Data in one part have no test images that anyone could have left out by mistake. */
static void say_single(const md_comm *comm, const md_dataset_params *params)
{
    if (md_comm_rank(comm) == 0)
        md_info("%s has one part: it is trained on without validation; data.validation=split:N "
                "holds the last N samples out",
                params->source);
}

static md_status plan_validation(const md_comm *comm, const md_dataset_params *params,
                                 md_dataset *dataset, md_error *err)
{
    static const char split[] = "split:";
    const char *validation = params->validation;
    size_t train = md_store_images(&dataset->store, MD_SPLIT_TRAIN);
    dataset->train_count = train;
    if (strcmp(validation, "test") == 0) {
        dataset->validation = md_dataset_test(dataset);
        if (dataset->single)
            say_single(comm, params);
        if (dataset->validation.count > 0 || dataset->single)
            return MD_OK;
        return md_fail(err, MD_USAGE,
                       "data.validation is test, but %s has no test images; set data.validation to "
                       "none or split:N",
                       params->source);
    }
    if (strncmp(validation, split, strlen(split)) != 0)
        return MD_OK;
    const size_t held = held_out(validation, train);
    if (held == 0)
        return md_fail(err, MD_USAGE,
                       "data.validation is %s, but %s has %zu training images; N must be smaller",
                       validation, params->source, train);
    dataset->train_count = train - held;
    dataset->validation = (md_image_range){MD_SPLIT_TRAIN, dataset->train_count, held};
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
        if (md_comm_rank(comm) != 0)
            md_scale_clear(&dataset->scale); /* as the first rank of another node it read its own */
        status = md_scale_share(comm, &dataset->scale, err);
    }
    if (!status) {
        status = compare_nodes(comm, dataset, params->source, err);
        if (!status)
            status = plan_validation(comm, params, dataset, err);
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
    md_store_close(&(*dataset)->store);
    md_shared_destroy(&(*dataset)->shared);
    md_scale_clear(&(*dataset)->scale);
    free(*dataset);
    *dataset = NULL;
}

/* Rank 0's text becomes everybody's. */
static md_status share_names(md_comm *comm, char **names, md_error *err)
{
    size_t size = *names ? strlen(*names) + 1 : 0;
    md_status status = md_comm_broadcast(comm, &size, sizeof size, 0, err);
    if (status || size == 0)
        return status;
    if (md_comm_rank(comm) != 0 && !(*names = malloc(size)))
        status = md_fail_memory(err, "names", size);
    status = md_agree(comm, status, err);
    return status ? status : md_comm_broadcast(comm, *names, size, 0, err);
}

md_status md_scale_share(md_comm *comm, md_scale *scale, md_error *err)
{
    const int root = md_comm_rank(comm) == 0;
    md_status shared = share_names(comm, &scale->feature_names, err);
    if (!shared)
        shared = share_names(comm, &scale->class_names, err);
    if (shared)
        return shared;
    struct {
        md_scale_kind kind;
        size_t features;
        float least, most;
    } told = {scale->kind, scale->features, scale->least, scale->most};
    md_status status = md_comm_broadcast(comm, &told, sizeof told, 0, err);
    scale->kind = told.kind;
    scale->least = told.least;
    scale->most = told.most;
    if (status || told.kind != MD_SCALE_STANDARDIZE)
        return status;
    float *room[2] = {scale->mean, scale->variance};
    for (int i = 0; i < 2 && !status && !root; i++)
        status = md_allocate((void **)&room[i], told.features, sizeof(float), "the scale", err);
    scale->features = told.features;
    scale->mean = room[0];
    scale->variance = room[1];
    status = md_agree(comm, status, err);
    for (int i = 0; i < 2 && !status; i++)
        status = md_comm_broadcast(comm, room[i], told.features * sizeof(float), 0, err);
    return status;
}

int md_dataset_streams(const md_dataset *dataset)
{
    return dataset->streams;
}

int md_dataset_is_single(const md_dataset *dataset)
{
    return dataset->single;
}

const md_scale *md_dataset_scale(const md_dataset *dataset)
{
    return &dataset->scale;
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
