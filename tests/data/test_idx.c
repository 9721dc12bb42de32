/* Folders of IDX files, sound and damaged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixtures.h"
#include "runner.h"

static const md_source_shape small = {5, 4, {30, 7}};

static int holds_the_fixture(const md_fixture_data *data)
{
    size_t pixels = data->shape.rows * data->shape.columns;
    for (int split = 0; split < 2; split++)
        for (size_t i = 0; i < data->shape.images[split]; i++) {
            if (data->labels[split][i] != md_fixture_label((md_split)split, i))
                return 0;
            for (size_t k = 0; k < pixels; k++)
                if (data->images[split][i * pixels + k] != md_fixture_pixel((md_split)split, i, k))
                    return 0;
        }
    return 1;
}

static void loads(const char *folder, const md_source_shape *expected)
{
    md_fixture_data data;
    md_error err = {0};
    CU_ASSERT_EQUAL(md_fixture_load(folder, &data, &err), MD_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "");
    CU_ASSERT_EQUAL(memcmp(&data.shape, expected, sizeof *expected), 0);
    CU_ASSERT(holds_the_fixture(&data));
    md_fixture_free(&data);
}

/* Loading fails with one sentence that has both words. */
static void refused(const char *folder, const char *word, const char *other)
{
    md_fixture_data data;
    md_error err = {0};
    CU_ASSERT_EQUAL(md_fixture_load(folder, &data, &err), MD_BAD_DATA);
    if (!strstr(err.text, word) || !strstr(err.text, other) || strchr(err.text, '\n')) {
        printf("\n  wanted '%s' and '%s' in: %s\n", word, other, err.text);
        CU_FAIL("the message lacks a word");
    }
    md_fixture_free(&data);
}

/* A sound set of which `name` is then replaced by these bytes. */
static void refused_with(const char *name, const void *bytes, size_t size, const char *word)
{
    char folder[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 0);
    md_fixture_write(folder, name, bytes, size);
    refused(folder, name, word);
    test_folder_remove(folder);
}

static void plain_and_gzip_sets_load(void)
{
    const md_source_shape shapes[] = {
        {5, 4, {30, 7}}, {28, 28, {600, 100}}, {1, 1, {1, 1}}, {3, 300, {9, 0}}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int gzip = 0; gzip < 2; gzip++) {
            char folder[TEST_PATH];
            test_folder(folder);
            md_fixture_idx_set(folder, &shapes[i], gzip);
            loads(folder, &shapes[i]);
            test_folder_remove(folder);
        }
}

static void names_with_a_dot_are_found(void)
{
    char folder[TEST_PATH], from[TEST_PATH], to[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 1);
    test_path(folder, "train-images-idx3-ubyte.gz", from);
    test_path(folder, "train-images.idx3-ubyte.gz", to);
    CU_ASSERT_EQUAL(rename(from, to), 0);
    loads(folder, &small);
    test_folder_remove(folder);
}

/* Browsers inflate downloads, or keep them compressed under a plain name. */
static void compression_is_told_by_content_not_by_name(void)
{
    char folder[TEST_PATH], from[TEST_PATH], to[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 1);
    test_path(folder, "train-images-idx3-ubyte.gz", from);
    test_path(folder, "train-images-idx3-ubyte", to);
    CU_ASSERT_EQUAL(rename(from, to), 0);
    loads(folder, &small);
    test_folder_remove(folder);
}

static void a_source_can_be_read_twice(void)
{
    char folder[TEST_PATH];
    md_source *source;
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 1);
    CU_ASSERT_EQUAL_FATAL(md_source_open(&(md_source_wishes){.where = folder}, &source, NULL),
                          MD_OK);
    for (int i = 0; i < 2; i++) {
        md_samples samples = {0};
        CU_ASSERT_EQUAL(md_source_read(source, MD_SPLIT_TRAIN, &samples, NULL), MD_OK);
        const uint8_t *images = samples.features[MD_SPLIT_TRAIN];
        CU_ASSERT_EQUAL(images[599], md_fixture_pixel(MD_SPLIT_TRAIN, 29, 19));
        md_samples_clear(&samples);
    }
    md_source_close(&source);
    md_source_close(&source);
    test_folder_remove(folder);
}

static void a_missing_folder_names_the_cure(void)
{
    refused("/nonexistent/mnist", "no such folder", "data/fetch_mnist.sh");
    refused("/nonexistent/mnist", "/nonexistent/mnist", "--data synthetic");
    refused("", "no such folder", "data/fetch_mnist.sh");
}

static void a_file_is_not_a_folder(void)
{
    refused("/etc/passwd", "/etc/passwd", "is not a folder");
}

static void missing_files_are_named(void)
{
    char folder[TEST_PATH], path[TEST_PATH];
    test_folder(folder);
    refused(folder, "train-images-idx3-ubyte", "data/fetch_mnist.sh");
    md_fixture_idx_set(folder, &small, 0);
    remove(test_path(folder, "t10k-labels-idx1-ubyte", path));
    refused(folder, "t10k-labels-idx1-ubyte", folder);
    test_folder_remove(folder);
}

static void an_unreadable_folder_is_an_error(void)
{
    if (geteuid() == 0) {
        printf("skipped: root reads everything ");
        return;
    }
    char folder[TEST_PATH], path[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 0);
    chmod(test_path(folder, "train-labels-idx1-ubyte", path), 0);
    refused(folder, "train-labels-idx1-ubyte", "Permission denied");
    chmod(folder, 0);
    refused(folder, folder, "Permission denied");
    chmod(folder, 0700);
    test_folder_remove(folder);
}

/* Opening a pipe would wait for its writer for ever. */
static void a_pipe_is_refused_at_once(void)
{
    char folder[TEST_PATH], path[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 0);
    remove(test_path(folder, "train-images-idx3-ubyte", path));
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    refused(folder, "train-images-idx3-ubyte", "regular file");
    test_folder_remove(folder);
}

static void a_wrong_magic_is_not_idx(void)
{
    refused_with("train-images-idx3-ubyte", "<!DOCTYPE html><html>", 21,
                 "not an IDX file of images");
    refused_with("train-labels-idx1-ubyte", "<!DOCTYPE html><html>", 21,
                 "not an IDX file of labels");
    refused_with("t10k-labels-idx1-ubyte", "\0\0\x08\x03\0\0\0\x01", 8,
                 "0x00000803 where 0x0000TTDD");
}

static void a_short_header_is_truncated(void)
{
    refused_with("train-images-idx3-ubyte", "", 0, "truncated");
    refused_with("train-images-idx3-ubyte", "\0\0\x08\x03\0\0\0\x1e\0\0\0\x05\0\0\0", 15,
                 "truncated");
    refused_with("train-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0", 7, "truncated");
}

static void sizes_that_the_file_cannot_hold_are_refused_before_reading(void)
{
    const char *name = "train-images-idx3-ubyte";
    refused_with(name, "\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16,
                 "more bytes than memory can have");
    refused_with(name, "\0\0\x08\x03\0\xff\xff\xff\0\0\xff\xff\0\0\xff\xff", 16, "truncated");
    refused_with(name, "\0\0\x08\x03\0\0\0\0\0\0\0\x05\0\0\0\x04", 16, "labels");
    refused_with("train-labels-idx1-ubyte", "\0\0\x08\x01\xff\xff\xff\xff", 8, "truncated");
}

static void a_set_without_images_or_pixels_is_refused(void)
{
    const md_source_shape empty[] = {{5, 4, {0, 7}}, {0, 4, {30, 7}}, {5, 0, {30, 7}}};
    const char *const words[] = {"no training images", "0 x 4", "5 x 0"};
    for (int i = 0; i < 3; i++) {
        char folder[TEST_PATH];
        test_folder(folder);
        md_fixture_idx_set(folder, &empty[i], 0);
        refused(folder, folder, words[i]);
        test_folder_remove(folder);
    }
}

static void a_gzip_claim_is_bounded_by_the_compressed_size(void)
{
    char folder[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 1);
    const uint8_t bomb[] = {0, 0, 8, 3, 0, 255, 255, 255, 0, 0, 2, 0, 0, 0, 2, 0};
    md_fixture_write_gzip(folder, "train-images-idx3-ubyte.gz", bomb, sizeof bomb);
    refused(folder, "train-images-idx3-ubyte.gz", "compressed bytes can hold");
    test_folder_remove(folder);
}

static void counts_must_match(void)
{
    char folder[TEST_PATH];
    const md_source_shape more = {5, 4, {31, 7}}, larger = {5, 5, {30, 7}};
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 0);
    size_t size;
    uint8_t *labels = md_fixture_idx_labels(&more, MD_SPLIT_TRAIN, &size);
    md_fixture_write(folder, "train-labels-idx1-ubyte", labels, size);
    free(labels);
    refused(folder, "holds 30 images", "holds 31 labels");
    md_fixture_idx_set(folder, &small, 0);
    uint8_t *images = md_fixture_idx_images(&larger, MD_SPLIT_TEST, &size);
    md_fixture_write(folder, "t10k-images-idx3-ubyte", images, size);
    free(images);
    refused(folder, "test images are 5 x 5", "training images 5 x 4");
    test_folder_remove(folder);
}

/* Cuts or lengthens one file of a sound set and expects to be refused, whatever the length. */
static void refused_at_other_lengths(const char *name, int gzip)
{
    char folder[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, gzip);
    size_t size;
    uint8_t *bytes = md_fixture_read(folder, name, &size);
    bytes = realloc(bytes, size + 1);
    bytes[size] = 'x';
    for (size_t length = 0; length < size; length++) {
        md_fixture_write(folder, name, bytes, length);
        refused(folder, name, "truncated");
    }
    md_fixture_write(folder, name, bytes, size + 1);
    refused(folder, name, "has trailing bytes");
    md_fixture_write(folder, name, bytes, size);
    loads(folder, &small);
    free(bytes);
    test_folder_remove(folder);
}

static void a_file_of_any_other_length_is_refused(void)
{
    refused_at_other_lengths("train-images-idx3-ubyte", 0);
    refused_at_other_lengths("t10k-labels-idx1-ubyte", 0);
    refused_at_other_lengths("t10k-images-idx3-ubyte.gz", 1);
    refused_at_other_lengths("train-labels-idx1-ubyte.gz", 1);
}

static void a_gzip_that_inflates_to_another_length_is_refused(void)
{
    char folder[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 1);
    size_t size;
    uint8_t *bytes = md_fixture_idx_images(&small, MD_SPLIT_TRAIN, &size);
    md_fixture_write_gzip(folder, "train-images-idx3-ubyte.gz", bytes, size - 1);
    refused(folder, "train-images-idx3-ubyte.gz", "inflates to fewer bytes");
    bytes = realloc(bytes, size + 1);
    bytes[size] = 1;
    md_fixture_write_gzip(folder, "train-images-idx3-ubyte.gz", bytes, size + 1);
    refused(folder, "train-images-idx3-ubyte.gz", "inflates to more bytes");
    free(bytes);
    test_folder_remove(folder);
}

/* No flipped bit of a gzip file changes the data: it is refused, or is in gzip's ten bytes of
 * header or the padding after the last block, and the same bytes come out. */
static void a_damaged_gzip_never_gives_other_data(void)
{
    const char *name = "train-images-idx3-ubyte.gz";
    char folder[TEST_PATH];
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 1);
    size_t size, refusals = 0;
    uint8_t *bytes = md_fixture_read(folder, name, &size);
    for (size_t i = 0; i < 8 * size; i++) {
        md_fixture_data data;
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        md_fixture_write(folder, name, bytes, size);
        md_status status = md_fixture_load(folder, &data, NULL);
        CU_ASSERT(status == MD_BAD_DATA || holds_the_fixture(&data));
        refusals += status == MD_BAD_DATA;
        md_fixture_free(&data);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    CU_ASSERT(refusals > 4 * size);
    bytes[size - 6] ^= 1;
    md_fixture_write(folder, name, bytes, size);
    refused(folder, name, "incorrect data check");
    free(bytes);
    test_folder_remove(folder);
}

static void a_file_that_changes_after_opening_is_refused(void)
{
    char folder[TEST_PATH];
    const md_source_shape more = {5, 4, {31, 7}};
    md_samples samples = {0};
    md_source *source;
    md_error err;
    test_folder(folder);
    md_fixture_idx_set(folder, &small, 0);
    CU_ASSERT_EQUAL_FATAL(md_source_open(&(md_source_wishes){.where = folder}, &source, NULL),
                          MD_OK);
    md_fixture_idx_set(folder, &more, 0);
    CU_ASSERT_EQUAL(md_source_read(source, MD_SPLIT_TRAIN, &samples, &err), MD_BAD_DATA);
    md_samples_clear(&samples);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "changed"));
    md_source_close(&source);
    test_folder_remove(folder);
}

static void a_path_too_long_is_refused(void)
{
    char path[6000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    refused(path, "data.source", "longer than");
}

const char md_suite[] = "data.idx";
CU_TestInfo md_tests[] = {
    {"plain and gzip sets load", plain_and_gzip_sets_load},
    {"names with a dot are found", names_with_a_dot_are_found},
    {"compression is told by content, not by name", compression_is_told_by_content_not_by_name},
    {"a source can be read twice", a_source_can_be_read_twice},
    {"a missing folder names the cure", a_missing_folder_names_the_cure},
    {"a file is not a folder", a_file_is_not_a_folder},
    {"missing files are named", missing_files_are_named},
    {"an unreadable folder is an error", an_unreadable_folder_is_an_error},
    {"a pipe is refused at once", a_pipe_is_refused_at_once},
    {"a wrong magic is not IDX", a_wrong_magic_is_not_idx},
    {"a short header is truncated", a_short_header_is_truncated},
    {"sizes that the file cannot hold are refused before reading",
     sizes_that_the_file_cannot_hold_are_refused_before_reading},
    {"a set without images or pixels is refused", a_set_without_images_or_pixels_is_refused},
    {"a gzip claim is bounded by the compressed size",
     a_gzip_claim_is_bounded_by_the_compressed_size},
    {"counts must match", counts_must_match},
    {"a file of any other length is refused", a_file_of_any_other_length_is_refused},
    {"a gzip that inflates to another length is refused",
     a_gzip_that_inflates_to_another_length_is_refused},
    {"a damaged gzip never gives other data", a_damaged_gzip_never_gives_other_data},
    {"a file that changes after opening is refused", a_file_that_changes_after_opening_is_refused},
    {"a path too long is refused", a_path_too_long_is_refused},
    CU_TEST_INFO_NULL};
