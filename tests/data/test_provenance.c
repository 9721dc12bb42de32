#include "mnist_dist/data/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "runner.h"

/* The SHA-256 of what a source holds, kept in this storage. */
static void hash(const char *where, md_storage storage, char out[MD_DATA_SHA256_SIZE])
{
    md_fixture_data data;
    md_error err;
    md_store_header plan;
    CU_ASSERT_EQUAL_FATAL(md_fixture_load(where, &data, &err), MD_OK);
    CU_ASSERT_EQUAL_FATAL(md_store_plan(&data.samples, storage, &plan, &err), MD_OK);
    void *block = aligned_alloc(64, plan.bytes);
    md_store_fill(&plan, &data.samples, block);
    md_store store = md_store_view(block);
    CU_ASSERT_EQUAL(md_data_sha256(&store, out, &err), MD_OK);
    free(block);
    md_fixture_free(&data);
}

/* https://yann.lecun.com/exdb/mnist, decompressed. */
static const char mnist[] =
    "train-images-idx3-ubyte ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db\n"
    "train-labels-idx1-ubyte 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5\n"
    "t10k-images-idx3-ubyte 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7\n"
    "t10k-labels-idx1-ubyte ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2\n";

static void mnist_has_its_public_digests(void)
{
    const char *folder = getenv("MNIST_DIR");
    char lines[MD_DATA_SHA256_SIZE];
    if (!folder) {
        printf("skipped: MNIST_DIR is not set ");
        return;
    }
    hash(folder, MD_STORAGE_SPARSE, lines);
    CU_ASSERT_STRING_EQUAL(lines, mnist);
    hash(folder, MD_STORAGE_DENSE, lines);
    CU_ASSERT_STRING_EQUAL(lines, mnist);
}

/* What sha256sum says of the same file. */
static void expect_sha256sum(const char *folder, const char *name, const char *lines)
{
    char command[2 * TEST_PATH], sum[65] = "", line[128];
    snprintf(command, sizeof command, "sha256sum %s/%s", folder, name);
    FILE *pipe = popen(command, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
    CU_ASSERT_EQUAL(fscanf(pipe, "%64s", sum), 1);
    pclose(pipe);
    snprintf(line, sizeof line, "%s %s\n", name, sum);
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, line));
}

static void digests_are_those_of_the_files(void)
{
    const md_source_shape shape = {6, 9, {50, 20}};
    char folder[TEST_PATH], dense[MD_DATA_SHA256_SIZE], sparse[MD_DATA_SHA256_SIZE];
    test_folder(folder);
    md_fixture_idx_set(folder, &shape, 0);
    hash(folder, MD_STORAGE_DENSE, dense);
    hash(folder, MD_STORAGE_SPARSE, sparse);
    CU_ASSERT_STRING_EQUAL(dense, sparse);
    expect_sha256sum(folder, "train-images-idx3-ubyte", dense);
    expect_sha256sum(folder, "train-labels-idx1-ubyte", dense);
    expect_sha256sum(folder, "t10k-images-idx3-ubyte", dense);
    expect_sha256sum(folder, "t10k-labels-idx1-ubyte", dense);
    test_folder_remove(folder);
}

static void a_missing_test_split_has_no_lines(void)
{
    const md_source_shape shape = {6, 9, {50, 0}};
    char folder[TEST_PATH], lines[MD_DATA_SHA256_SIZE];
    test_folder(folder);
    md_fixture_idx_set(folder, &shape, 1);
    hash(folder, MD_STORAGE_AUTO, lines);
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "train-labels-idx1-ubyte"));
    CU_ASSERT_PTR_NULL(strstr(lines, "t10k"));
    test_folder_remove(folder);
}

const char md_suite[] = "data.provenance";
CU_TestInfo md_tests[] = {{"MNIST has its public digests", mnist_has_its_public_digests},
                          {"digests are those of the files", digests_are_those_of_the_files},
                          {"a missing test split has no lines", a_missing_test_split_has_no_lines},
                          CU_TEST_INFO_NULL};
