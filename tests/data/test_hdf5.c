/* HDF5 files as data sources, sound and hostile, written with HDF5's own calls. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "runner.h"

enum { N = 12, ROWS = 5, COLUMNS = 4 };

/* The file under test: a sound one is made, then one part of it is made again, differently. */
typedef struct h5 {
    char folder[TEST_PATH], path[TEST_PATH];
    hid_t file;
} h5;

/* What there is to know about a dataset besides its bytes; plain by default. */
typedef struct recipe {
    const char *name;
    int rank;
    hsize_t size[4];
    hid_t type, creation;
} recipe;

static void write_dataset(hid_t file, const recipe *r)
{
    hid_t type = r->type ? r->type : H5T_STD_U8LE;
    hid_t space = H5Screate_simple(r->rank, r->size, NULL);
    hid_t set = H5Dcreate2(file, r->name, type, space, H5P_DEFAULT,
                           r->creation ? r->creation : H5P_DEFAULT, H5P_DEFAULT);
    const int images = strstr(r->name, "images") != NULL;
    size_t pixels = ROWS * COLUMNS;
    hssize_t count = H5Sget_simple_extent_npoints(space);
    uint8_t *bytes = count > 0 && count < 1 << 20 ? malloc((size_t)count) : NULL;
    md_split split = strncmp(r->name, "/test", 5) == 0 ? MD_SPLIT_TEST : MD_SPLIT_TRAIN;
    for (size_t i = 0; bytes && i < (size_t)count; i++)
        bytes[i] =
            images ? md_fixture_pixel(split, i / pixels, i % pixels) : md_fixture_label(split, i);
    CU_ASSERT_FATAL(set >= 0);
    const H5T_class_t class = H5Tget_class(type);
    if (bytes && (class == H5T_INTEGER || class == H5T_FLOAT))
        CU_ASSERT(H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    free(bytes);
    H5Dclose(set);
    H5Sclose(space);
}

static h5 create(void)
{
    h5 f;
    test_folder(f.folder);
    test_path(f.folder, "data.h5", f.path);
    f.file = H5Fcreate(f.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(f.file >= 0);
    H5Gclose(H5Gcreate2(f.file, "/train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(f.file, "/test", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    write_dataset(f.file, &(recipe){"/train/images", 3, .size = {N, ROWS, COLUMNS}});
    write_dataset(f.file, &(recipe){"/train/labels", 1, .size = {N}});
    write_dataset(f.file, &(recipe){"/test/images", 3, .size = {3, ROWS, COLUMNS}});
    write_dataset(f.file, &(recipe){"/test/labels", 1, .size = {3}});
    return f;
}

static void replace(const h5 *f, const recipe *r)
{
    CU_ASSERT_FATAL(H5Ldelete(f->file, r->name, H5P_DEFAULT) >= 0);
    write_dataset(f->file, r);
    if (r->creation)
        H5Pclose(r->creation);
}

static md_status load(h5 *f, md_fixture_data *data, md_error *err)
{
    if (f->file >= 0)
        CU_ASSERT(H5Fclose(f->file) >= 0);
    f->file = -1;
    *err = (md_error){0};
    md_status status = md_fixture_load(f->path, data, err);
    CU_ASSERT_EQUAL(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
    return status;
}

static void loads(h5 *f, size_t test)
{
    md_fixture_data data;
    md_error err;
    CU_ASSERT_EQUAL(load(f, &data, &err), MD_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT(data.shape.rows == ROWS && data.shape.columns == COLUMNS);
    CU_ASSERT(data.shape.images[0] == N && data.shape.images[1] == test);
    int same = 1;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; i < data.shape.images[split]; i++) {
            same = same && data.labels[split][i] == md_fixture_label((md_split)split, i);
            for (size_t k = 0; k < ROWS * COLUMNS; k++)
                same = same && data.images[split][i * ROWS * COLUMNS + k] ==
                                   md_fixture_pixel((md_split)split, i, k);
        }
    CU_ASSERT(same);
    md_fixture_free(&data);
    test_folder_remove(f->folder);
}

static void refused(h5 *f, const char *word, const char *other)
{
    md_fixture_data data;
    md_error err;
    CU_ASSERT_EQUAL(load(f, &data, &err), MD_BAD_DATA);
    if (!strstr(err.text, word) || !strstr(err.text, other) || strchr(err.text, '\n')) {
        printf("\n  wanted '%s' and '%s' in: %s\n", word, other, err.text);
        CU_FAIL("the message lacks a word");
    }
    md_fixture_free(&data);
    test_folder_remove(f->folder);
}

static hid_t chunked(int rank, const hsize_t *chunk)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, rank, chunk);
    return creation;
}

static void a_sound_file_loads(void)
{
    h5 f = create();
    loads(&f, 3);
}

static void the_test_group_is_optional(void)
{
    h5 f = create();
    H5Ldelete(f.file, "/test", H5P_DEFAULT);
    loads(&f, 0);
}

static void chunks_gzip_shuffle_and_checksums_are_read(void)
{
    h5 f = create();
    hid_t creation = chunked(3, (hsize_t[]){7, ROWS, COLUMNS});
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 6);
    H5Pset_fletcher32(creation);
    replace(&f, &(recipe){"/train/images", 3, .size = {N, ROWS, COLUMNS}, .creation = creation});
    hid_t compact = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(compact, H5D_COMPACT);
    replace(&f, &(recipe){"/train/labels", 1, .size = {N}, .creation = compact});
    loads(&f, 3);
}

static void what_is_missing_is_named(void)
{
    const char *const names[] = {"/train", "/train/images", "/train/labels", "/test/images"};
    const char *const words[] = {"/train/images", "/train/images", "/train/labels", "/test/images"};
    for (int i = 0; i < 4; i++) {
        h5 f = create();
        H5Ldelete(f.file, names[i], H5P_DEFAULT);
        refused(&f, words[i], "is missing");
    }
}

static void a_missing_or_foreign_file_is_named(void)
{
    md_fixture_data data;
    md_error err;
    CU_ASSERT_EQUAL(md_fixture_load("/nonexistent/x.h5", &data, &err), MD_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent/x.h5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file"));
    h5 f = create();
    H5Fclose(f.file);
    f.file = -1;
    md_fixture_write(f.folder, "data.h5", "PK\3\4 a zip file", 14);
    refused(&f, "data.h5", "damaged zip archive");
}

static void links_out_of_the_file_are_not_followed(void)
{
    h5 f = create();
    H5Ldelete(f.file, "/train/images", H5P_DEFAULT);
    H5Lcreate_external("/proc/nowhere/outside.h5", "/x", f.file, "/train/images", H5P_DEFAULT,
                       H5P_DEFAULT);
    refused(&f, "/train/images", "link");
    f = create();
    H5Ldelete(f.file, "/train/labels", H5P_DEFAULT);
    H5Lcreate_soft("/test/labels", f.file, "/train/labels", H5P_DEFAULT, H5P_DEFAULT);
    refused(&f, "/train/labels", "link");
    f = create();
    H5Ldelete(f.file, "/train", H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/train", f.file, "/train", H5P_DEFAULT, H5P_DEFAULT);
    refused(&f, "/train ", "link");
    f = create();
    H5Ldelete(f.file, "/test", H5P_DEFAULT);
    H5Lcreate_soft("/nowhere", f.file, "/test", H5P_DEFAULT, H5P_DEFAULT);
    refused(&f, "/test ", "link");
}

static void bytes_kept_in_other_files_are_not_read(void)
{
    h5 f = create();
    hid_t external = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(external, "/proc/nowhere/outside", 0, N);
    recipe r = {"/train/labels", 1, .size = {N}, .creation = external};
    H5Ldelete(f.file, r.name, H5P_DEFAULT);
    hid_t space = H5Screate_simple(1, r.size, NULL);
    hid_t set = H5Dcreate2(f.file, r.name, H5T_STD_U8LE, space, H5P_DEFAULT, external, H5P_DEFAULT);
    CU_ASSERT(set >= 0);
    H5Dclose(set);
    H5Pclose(external);
    refused(&f, "/train/labels", "external storage");

    f = create();
    hid_t mapping = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(mapping, space, "/proc/nowhere/outside.h5", "/x", space);
    H5Ldelete(f.file, r.name, H5P_DEFAULT);
    set = H5Dcreate2(f.file, r.name, H5T_STD_U8LE, space, H5P_DEFAULT, mapping, H5P_DEFAULT);
    CU_ASSERT(set >= 0);
    H5Dclose(set);
    H5Pclose(mapping);
    H5Sclose(space);
    refused(&f, "/train/labels", "virtual");
}

/* Labels of any type and byte order, and images with an axis for their channel. */
static void types_and_dimensions_are_understood(void)
{
    const recipe right[] = {
        {"/train/labels", 1, .size = {N}, .type = H5T_STD_I8LE},
        {"/train/labels", 1, .size = {N}, .type = H5T_STD_U16BE},
        {"/train/labels", 1, .size = {N}, .type = H5T_STD_I64LE},
        {"/train/labels", 1, .size = {N}, .type = H5T_STD_U64BE},
        {"/train/labels", 1, .size = {N}, .type = H5T_IEEE_F32BE},
        {"/train/labels", 2, .size = {N, 1}, .type = H5T_IEEE_F64LE},
        {"/train/images", 4, .size = {N, ROWS, COLUMNS, 1}},
        {"/train/images", 4, .size = {N, 1, ROWS, COLUMNS}},
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        h5 f = create();
        replace(&f, &right[i]);
        loads(&f, 3);
    }
}

static void what_is_no_sample_is_refused_with_its_shape(void)
{
    const recipe wrong[] = {
        {"/train/images", 3, .size = {N, ROWS, COLUMNS}, .type = H5T_STD_REF_OBJ},
        {"/train/labels", 1, .size = {N}, .type = H5T_UNIX_D32LE},
        {"/train/labels", 0, .size = {0}},
        {"/train/images", 4, .size = {N, ROWS, COLUMNS, 3}},
        {"/train/labels", 3, .size = {N, 1, 1}},
        {"/train/labels", 2, .size = {N, 3}},
    };
    const char *const words[] = {"numbers",          "numbers",       "no dimensions",
                                 "u1 [12, 5, 4, 3]", "u1 [12, 1, 1]", "row 0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        h5 f = create();
        replace(&f, &wrong[i]);
        refused(&f, wrong[i].name, words[i]);
    }
}

static void counts_and_sizes_must_match(void)
{
    h5 f = create();
    replace(&f, &(recipe){"/train/labels", 1, .size = {N + 1}});
    refused(&f, "12 images", "13 labels");
    f = create();
    replace(&f, &(recipe){"/test/images", 3, .size = {3, COLUMNS, ROWS}});
    refused(&f, "test images are 4 x 5", "training images 5 x 4");
    f = create();
    replace(&f, &(recipe){"/train/images", 3, .size = {0, ROWS, COLUMNS}});
    replace(&f, &(recipe){"/train/labels", 1, .size = {0}});
    refused(&f, "data.h5", "no training images");
}

static void only_the_usual_filters_are_run(void)
{
    h5 f = create();
    hid_t creation = chunked(3, (hsize_t[]){N, ROWS, COLUMNS});
    H5Pset_scaleoffset(creation, H5Z_SO_INT, 0);
    replace(&f, &(recipe){"/train/images", 3, .size = {N, ROWS, COLUMNS}, .creation = creation});
    refused(&f, "/train/images", "filter");
    /* Two rounds of deflate would make 1032 times 1032 bytes of one. */
    f = create();
    creation = chunked(3, (hsize_t[]){N, ROWS, COLUMNS});
    H5Pset_deflate(creation, 9);
    H5Pset_deflate(creation, 9);
    replace(&f, &(recipe){"/train/images", 3, .size = {N, ROWS, COLUMNS}, .creation = creation});
    refused(&f, "/train/images", "filter");
}

static void claims_are_bounded_by_the_files_size(void)
{
    /* Nothing is stored of a dataset that was never written. */
    h5 f = create();
    hid_t creation = chunked(3, (hsize_t[]){1, 1 << 10, 1 << 10});
    H5Pset_deflate(creation, 9);
    replace(&f, &(recipe){"/train/images", 3, .size = {N, 1 << 14, 1 << 14}, .creation = creation});
    refused(&f, "/train/images", "more bytes than the file has");
    /* A small dataset in one huge chunk: HDF5 would allocate the chunk. */
    f = create();
    creation = chunked(1, (hsize_t[]){1u << 31});
    H5Pset_deflate(creation, 9);
    recipe r = {"/train/labels", 1, .size = {N}, .creation = creation};
    H5Ldelete(f.file, r.name, H5P_DEFAULT);
    hid_t space = H5Screate_simple(1, r.size, (hsize_t[]){H5S_UNLIMITED});
    H5Dclose(H5Dcreate2(f.file, r.name, H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(creation);
    refused(&f, "/train/labels", "more bytes than the file has");
    f = create();
    replace(&f, &(recipe){"/train/images", 3, .size = {1ull << 40, 1ull << 20, 1ull << 20},
                          .creation = chunked(3, (hsize_t[]){1, 1, 1})});
    refused(&f, "/train/images", "more bytes than the file has");
}

/* Whatever the length, the library may refuse or find everything it needs; it must not crash. */
static void a_truncated_file_is_refused(void)
{
    h5 f = create();
    H5Fclose(f.file);
    f.file = -1;
    size_t size;
    uint8_t *bytes = md_fixture_read(f.folder, "data.h5", &size);
    for (size_t length = 0; length < size; length += 13) {
        md_fixture_data data;
        md_error err;
        md_fixture_write(f.folder, "data.h5", bytes, length);
        CU_ASSERT_EQUAL(load(&f, &data, &err), MD_BAD_DATA);
        md_fixture_free(&data);
    }
    md_fixture_write(f.folder, "data.h5", bytes, size);
    free(bytes);
    loads(&f, 3);
}

/* A chunk whose Fletcher-32 does not fit its bytes. */
static void a_flipped_byte_under_a_checksum_is_found(void)
{
    h5 f = create();
    hid_t creation = chunked(3, (hsize_t[]){N, ROWS, COLUMNS});
    H5Pset_fletcher32(creation);
    replace(&f, &(recipe){"/train/images", 3, .size = {N, ROWS, COLUMNS}, .creation = creation});
    H5Fclose(f.file);
    f.file = -1;
    uint8_t start[ROWS * COLUMNS];
    for (size_t i = 0; i < sizeof start; i++)
        start[i] = md_fixture_pixel(MD_SPLIT_TRAIN, 0, i);
    size_t size;
    uint8_t *bytes = md_fixture_read(f.folder, "data.h5", &size);
    for (uint8_t *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), start, sizeof start));)
        *at++ ^= 1;
    md_fixture_write(f.folder, "data.h5", bytes, size);
    free(bytes);
    refused(&f, "/train/images", "HDF5: ");
}

const char md_suite[] = "data.hdf5";
CU_TestInfo md_tests[] = {
    {"a sound file loads", a_sound_file_loads},
    {"the test group is optional", the_test_group_is_optional},
    {"chunks, gzip, shuffle and checksums are read", chunks_gzip_shuffle_and_checksums_are_read},
    {"what is missing is named", what_is_missing_is_named},
    {"a missing or foreign file is named", a_missing_or_foreign_file_is_named},
    {"links out of the file are not followed", links_out_of_the_file_are_not_followed},
    {"bytes kept in other files are not read", bytes_kept_in_other_files_are_not_read},
    {"types and dimensions are understood", types_and_dimensions_are_understood},
    {"what is no sample is refused with its shape", what_is_no_sample_is_refused_with_its_shape},
    {"counts and sizes must match", counts_and_sizes_must_match},
    {"only the usual filters are run", only_the_usual_filters_are_run},
    {"claims are bounded by the file's size", claims_are_bounded_by_the_files_size},
    {"a truncated file is refused", a_truncated_file_is_refused},
    {"a flipped byte under a checksum is found", a_flipped_byte_under_a_checksum_is_found},
    CU_TEST_INFO_NULL};
