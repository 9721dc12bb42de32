/* The data set of a run, read independently through md_source as the judge. */
#include "mnist_dist/train/dataset.h"

#include <mpi.h>
#include <string.h>

#include "fixtures.h"
#include "runner.h"
#include "trial.h"

enum { FEATURES = 28 * 28 };

static int world_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static int world_size(void)
{
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

static md_comm *make_comm(int node_size)
{
    md_comm *comm;
    CU_ASSERT_EQUAL_FATAL(md_comm_create(MPI_COMM_WORLD, node_size, &comm, NULL), MD_OK);
    return comm;
}

static md_dataset *create(md_comm *comm, const char *source, const char *validation,
                          md_storage storage)
{
    const md_dataset_params params = {
        .source = source, .validation = validation, .storage = storage};
    md_dataset *dataset;
    md_error err = {0};
    md_status status = md_dataset_create(comm, &params, &dataset, &err);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, MD_OK);
    return dataset;
}

static void expect_refused(md_comm *comm, const md_dataset_params *params, md_status wanted,
                           const char *words)
{
    md_dataset *dataset;
    md_error err = {0};
    CU_ASSERT_EQUAL(md_dataset_create(comm, params, &dataset, &err), wanted);
    CU_ASSERT_PTR_NULL(dataset);
    if (!strstr(err.text, words))
        fprintf(stderr, "'%s' lacks '%s'\n", err.text, words);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, words));
}

static void expect_same_images(const md_store *store, md_split split, md_source *source)
{
    md_samples samples = {0};
    size_t n = md_source_get_shape(source)->images[split];
    CU_ASSERT_FATAL(n <= 120 && md_store_images(store, split) == n);
    CU_ASSERT_EQUAL_FATAL(md_source_read(source, split, &samples, NULL), MD_OK);
    const uint8_t *images = samples.features[split];
    for (size_t i = 0; i < n; i++) {
        uint8_t image[FEATURES];
        md_store_image(store, split, i, image);
        CU_ASSERT_EQUAL(memcmp(image, images + i * FEATURES, FEATURES), 0);
    }
    CU_ASSERT_EQUAL(
        memcmp(md_store_labels(store, split), samples.labels[split], n * sizeof(int32_t)), 0);
    md_samples_clear(&samples);
}

static void every_rank_sees_the_source_s_images(void)
{
    static const md_storage storages[] = {MD_STORAGE_DENSE, MD_STORAGE_SPARSE, MD_STORAGE_AUTO};
    for (int node_size = 0; node_size < 3; node_size++) {
        md_comm *comm = make_comm(node_size);
        md_dataset *dataset = create(comm, "synthetic:120", "test", storages[node_size]);
        md_source *source;
        CU_ASSERT_EQUAL_FATAL(
            md_source_open(&(md_source_wishes){.where = "synthetic:120"}, &source, NULL), MD_OK);
        expect_same_images(md_dataset_store(dataset), MD_SPLIT_TRAIN, source);
        expect_same_images(md_dataset_store(dataset), MD_SPLIT_TEST, source);
        md_source_close(&source);
        md_dataset_destroy(&dataset);
        CU_ASSERT_PTR_NULL(dataset);
        md_comm_destroy(&comm);
    }
}

static void a_node_holds_one_copy(void)
{
    md_comm *comm = make_comm(2);
    md_dataset *dataset = create(comm, "synthetic:12", "test", MD_STORAGE_DENSE);
    int32_t *label = (int32_t *)md_store_labels(md_dataset_store(dataset), MD_SPLIT_TRAIN);
    if (md_comm_node_rank(comm) == 0)
        *label = 100 + md_comm_node(comm);
    MPI_Barrier(MPI_COMM_WORLD);
    CU_ASSERT_EQUAL(*(volatile int32_t *)label, 100 + md_comm_node(comm));
    md_dataset_destroy(&dataset);
    md_comm_destroy(&comm);
}

static void storage_is_as_asked_for(void)
{
    md_comm *comm = make_comm(0);
    md_dataset *dense = create(comm, "synthetic:12", "test", MD_STORAGE_DENSE);
    md_dataset *sparse = create(comm, "synthetic:12", "test", MD_STORAGE_SPARSE);
    md_dataset *automatic = create(comm, "synthetic:12", "test", MD_STORAGE_AUTO);
    CU_ASSERT_EQUAL(md_dataset_store(dense)->header->storage, MD_STORAGE_DENSE);
    CU_ASSERT_EQUAL(md_dataset_store(sparse)->header->storage, MD_STORAGE_SPARSE);
    CU_ASSERT_EQUAL(md_dataset_store(automatic)->header->storage, MD_STORAGE_SPARSE);
    md_dataset_destroy(&dense);
    md_dataset_destroy(&sparse);
    md_dataset_destroy(&automatic);
    md_comm_destroy(&comm);
}

static void one_split_can_be_had_alone(void)
{
    for (int split = 0; split < 2; split++) {
        const md_split only = (md_split)split;
        const md_dataset_params params = {
            .source = "synthetic:60", .validation = "none", .only = &only};
        md_comm *comm = make_comm(0);
        md_dataset *dataset;
        CU_ASSERT_EQUAL_FATAL(md_dataset_create(comm, &params, &dataset, NULL), MD_OK);
        const md_store *store = md_dataset_store(dataset);
        CU_ASSERT_EQUAL(md_store_images(store, MD_SPLIT_TRAIN), only == MD_SPLIT_TRAIN ? 60 : 0);
        CU_ASSERT_EQUAL(md_store_images(store, MD_SPLIT_TEST), only == MD_SPLIT_TEST ? 10 : 0);
        CU_ASSERT(store->header->density > 0.05 && store->header->density < 0.35);
        md_dataset_destroy(&dataset);
        md_comm_destroy(&comm);
    }
}

static void expect_validation(const char *validation, size_t train, md_image_range wanted)
{
    md_comm *comm = make_comm(0);
    md_dataset *dataset = create(comm, "synthetic:60", validation, MD_STORAGE_AUTO);
    md_image_range range = md_dataset_validation(dataset), test = md_dataset_test(dataset);
    CU_ASSERT_EQUAL(md_dataset_train_count(dataset), train);
    CU_ASSERT_EQUAL(range.count, wanted.count);
    if (wanted.count > 0)
        CU_ASSERT(range.split == wanted.split && range.begin == wanted.begin);
    CU_ASSERT(test.split == MD_SPLIT_TEST && test.begin == 0 && test.count == 10);
    md_dataset_destroy(&dataset);
    md_comm_destroy(&comm);
}

static void validation_is_the_test_set_a_split_or_nothing(void)
{
    expect_validation("test", 60, (md_image_range){MD_SPLIT_TEST, 0, 10});
    expect_validation("none", 60, (md_image_range){MD_SPLIT_TEST, 0, 0});
    expect_validation("split:1", 59, (md_image_range){MD_SPLIT_TRAIN, 59, 1});
    expect_validation("split:59", 1, (md_image_range){MD_SPLIT_TRAIN, 1, 59});
}

static void a_split_must_leave_images_to_train_on(void)
{
    md_comm *comm = make_comm(0);
    expect_refused(comm, &(md_dataset_params){.source = "synthetic:60", .validation = "split:60"},
                   MD_USAGE,
                   "data.validation is split:60, but synthetic:60 has 60 training images");
    md_comm_destroy(&comm);
}

/* Two training images of 1 x 2 pixels and no test images. */
static void data_without_test_images_needs_another_validation(void)
{
    const md_source_shape shape = {.rows = 1, .columns = 2, .images = {2, 0}};
    char folder[TEST_PATH];
    md_comm *comm = make_comm(0);
    trial_folder(MPI_COMM_WORLD, folder);
    if (world_rank() == 0)
        md_fixture_idx_set(folder, &shape, 0);
    MPI_Barrier(MPI_COMM_WORLD);
    expect_refused(comm, &(md_dataset_params){.source = folder, .validation = "test"}, MD_USAGE,
                   "has no test images; set data.validation to none or split:N");
    md_dataset *dataset = create(comm, folder, "none", MD_STORAGE_AUTO);
    CU_ASSERT_EQUAL(md_dataset_test(dataset).count, 0);
    CU_ASSERT_EQUAL(md_dataset_train_count(dataset), 2);
    md_dataset_destroy(&dataset);
    md_comm_destroy(&comm);
    trial_clean(MPI_COMM_WORLD, folder);
}

static void a_missing_source_fails_on_every_rank(void)
{
    for (int node_size = 0; node_size < 3; node_size++) {
        md_comm *comm = make_comm(node_size);
        expect_refused(comm, &(md_dataset_params){.source = "/nowhere/mnist", .validation = "test"},
                       MD_BAD_DATA, "/nowhere/mnist");
        md_comm_destroy(&comm);
    }
}

static void one_node_s_failure_is_everybody_s(void)
{
    md_comm *comm = make_comm(1);
    int last = world_rank() == world_size() - 1;
    const md_dataset_params params = {.source = last ? "/nowhere/mnist" : "synthetic:12",
                                      .validation = "test"};
    expect_refused(comm, &params, MD_BAD_DATA, "/nowhere/mnist");
    md_comm_destroy(&comm);
}

static void nodes_that_read_different_data_are_found(void)
{
    if (world_size() == 1)
        return;
    md_comm *comm = make_comm(1);
    const md_dataset_params params = {.source = world_rank() == 1 ? "synthetic:13" : "synthetic:12",
                                      .validation = "test",
                                      .storage = MD_STORAGE_DENSE};
    expect_refused(comm, &params, MD_BAD_DATA, "rank 1 on node 1 read other bytes than rank 0");
    md_comm_destroy(&comm);
}

const char md_suite[] = "train.dataset";
CU_TestInfo md_tests[] = {
    {"every rank sees the source's images", every_rank_sees_the_source_s_images},
    {"a node holds one copy", a_node_holds_one_copy},
    {"storage is as asked for", storage_is_as_asked_for},
    {"one split can be had alone", one_split_can_be_had_alone},
    {"validation is the test set, a split or nothing",
     validation_is_the_test_set_a_split_or_nothing},
    {"a split must leave images to train on", a_split_must_leave_images_to_train_on},
    {"data without test images needs another validation",
     data_without_test_images_needs_another_validation},
    {"a missing source fails on every rank", a_missing_source_fails_on_every_rank},
    {"one node's failure is everybody's", one_node_s_failure_is_everybody_s},
    {"nodes that read different data are found", nodes_that_read_different_data_are_found},
    CU_TEST_INFO_NULL};
