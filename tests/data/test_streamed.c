/* Features read in parts, against the same file read whole by libhdf5: every type and byte order,
 * in a row or in chunks of every shape, with each filter. */
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "mnist_dist/data/provenance.h"
#include "runner.h"

enum { N = 53, TEST = 9, ROWS = 6, COLUMNS = 5, PIXELS = ROWS * COLUMNS, WINDOW = 1 << 14 };

/* Chunks; extents of 0: none. */
typedef struct layout {
    hsize_t chunk[3];
    int shuffle, deflate;
} layout;

static const layout layouts[] = {
    {{0, 0, 0}, 0, 0}, {{7, ROWS, COLUMNS}, 0, 0}, {{7, 4, 2}, 0, 0}, {{1, ROWS, COLUMNS}, 1, 0},
    {{4, 5, 3}, 1, 1}, {{9, ROWS, COLUMNS}, 0, 1}, {{9, 1, 1}, 1, 1}};

static double value(md_split split, size_t i, int is_float)
{
    const double pixel = md_fixture_pixel(split, i / PIXELS, i % PIXELS) % 100;
    return is_float ? pixel / 7.0 - 3.0 : pixel;
}

static void write_set(hid_t file, const char *name, hid_t type, const layout *l, md_split split)
{
    const size_t n = split == MD_SPLIT_TRAIN ? N : TEST;
    const hsize_t size[3] = {n, ROWS, COLUMNS};
    double x[N * PIXELS];
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (l->chunk[0])
        H5Pset_chunk(creation, 3, l->chunk);
    if (l->shuffle)
        H5Pset_shuffle(creation);
    if (l->deflate)
        H5Pset_deflate(creation, 6);
    hid_t space = H5Screate_simple(3, size, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    for (size_t i = 0; i < n * PIXELS; i++)
        x[i] = value(split, i, H5Tget_class(type) == H5T_FLOAT);
    CU_ASSERT_FATAL(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
}

static void write_labels(hid_t file, const char *name, md_split split)
{
    const hsize_t n = split == MD_SPLIT_TRAIN ? N : TEST;
    uint8_t labels[N];
    for (size_t i = 0; i < n; i++)
        labels[i] = md_fixture_label(split, i);
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t set = H5Dcreate2(file, name, H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels);
    H5Dclose(set);
    H5Sclose(space);
}

static void write_file(const char *path, hid_t type, const layout *l)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(file >= 0);
    write_set(file, "x_train", type, l, MD_SPLIT_TRAIN);
    write_set(file, "x_test", type, l, MD_SPLIT_TEST);
    write_labels(file, "y_train", MD_SPLIT_TRAIN);
    write_labels(file, "y_test", MD_SPLIT_TEST);
    H5Fclose(file);
}

/* A data set as a run has it; its block is the caller's. */
static md_store make_store(const char *where, int streamed, md_scaling scaling, md_error *err)
{
    const md_settling settling = {.scaling = scaling, .transpose = 1};
    md_samples samples = {0};
    md_source *source;
    md_store_header plan;
    md_store store = {0};
    md_status status = md_source_open(&(md_source_wishes){.where = where}, &source, err);
    for (int split = 0; split < 2 && !status; split++)
        status = streamed ? md_source_locate(source, (md_split)split, WINDOW, &samples, err)
                          : md_source_read(source, (md_split)split, &samples, err);
    if (!status)
        status = md_samples_settle(&samples, &settling, err);
    if (!status)
        status = md_store_plan(&samples, MD_STORAGE_AUTO, &plan, err);
    if (!status) {
        void *block = malloc(plan.bytes);
        md_store_fill(&plan, &samples, block);
        store = md_store_view(block);
        status = md_store_open(&store, err);
    }
    if (status)
        CU_FAIL_FATAL(err->text);
    md_samples_clear(&samples);
    md_source_close(&source);
    return store;
}

static void discard(md_store *store)
{
    md_store_close(store);
    free((void *)store->base);
}

static void compare(const md_store *a, const md_store *b)
{
    float x[PIXELS], y[PIXELS];
    char sums[2][MD_DATA_SHA256_SIZE];
    md_error err = {0};
    CU_ASSERT_EQUAL(a->header->element, b->header->element);
    CU_ASSERT_EQUAL(a->header->scale, b->header->scale);
    CU_ASSERT_EQUAL(a->header->storage, b->header->storage);
    CU_ASSERT(fabs(a->header->density - b->header->density) < 1e-12);
    for (int split = 0; split < 2; split++)
        for (size_t k = 0; k < md_store_images(a, (md_split)split); k++) {
            const size_t i = k * 5 % md_store_images(a, (md_split)split); /* back and forth */
            md_store_scaled(a, (md_split)split, i, x);
            md_store_scaled(b, (md_split)split, i, y);
            CU_ASSERT_EQUAL_FATAL(memcmp(x, y, sizeof x), 0);
        }
    CU_ASSERT_EQUAL(md_store_check(b, &err), MD_OK);
    CU_ASSERT_EQUAL(md_data_sha256(a, sums[0], &err), MD_OK);
    CU_ASSERT_EQUAL(md_data_sha256(b, sums[1], &err), MD_OK);
    CU_ASSERT_STRING_EQUAL(sums[0], sums[1]);
}

static void every_type_and_layout_is_read_as_libhdf5_reads_it(void)
{
    const hid_t types[] = {H5T_STD_U8LE,   H5T_STD_I8LE,  H5T_STD_U16LE,  H5T_STD_U16BE,
                           H5T_STD_I16LE,  H5T_STD_I16BE, H5T_STD_I32BE,  H5T_STD_U32LE,
                           H5T_STD_I64LE,  H5T_STD_U64BE, H5T_IEEE_F32LE, H5T_IEEE_F32BE,
                           H5T_IEEE_F64LE, H5T_IEEE_F64BE};
    char folder[TEST_PATH], path[TEST_PATH];
    test_folder(folder);
    test_path(folder, "data.h5", path);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (size_t k = 0; k < sizeof layouts / sizeof *layouts; k++) {
            md_error err = {0};
            const md_scaling scaling = k % 2 ? MD_SCALING_AUTO : MD_SCALING_STANDARDIZE;
            write_file(path, types[t], &layouts[k]);
            md_store whole = make_store(path, 0, scaling, &err);
            md_store parts = make_store(path, 1, scaling, &err);
            CU_ASSERT(md_store_is_streamed(&parts) && !md_store_is_streamed(&whole));
            compare(&whole, &parts);
            discard(&whole);
            discard(&parts);
        }
    test_folder_remove(folder);
}

static void what_cannot_be_read_is_zeros_and_told(void)
{
    char folder[TEST_PATH], path[TEST_PATH];
    float x[PIXELS];
    md_error err = {0};
    test_folder(folder);
    test_path(folder, "data.h5", path);
    write_file(path, H5T_STD_U8LE, &layouts[0]);
    md_store parts = make_store(path, 1, MD_SCALING_AUTO, &err);
    H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    md_store_scaled(&parts, MD_SPLIT_TRAIN, 3, x);
    CU_ASSERT_EQUAL(md_store_check(&parts, &err), MD_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "was changed while it was in use"));
    for (size_t i = 0; i < PIXELS; i++)
        CU_ASSERT(!(x[i] < 0.0f || x[i] > 0.0f));
    discard(&parts);
    test_folder_remove(folder);
}

const char md_suite[] = "data.streamed";
CU_TestInfo md_tests[] = {
    {"every type and layout is read as libhdf5 reads it",
     every_type_and_layout_is_read_as_libhdf5_reads_it},
    {"what cannot be read is zeros, and told", what_cannot_be_read_is_zeros_and_told},
    CU_TEST_INFO_NULL};
