/* Tables whose columns are told by the names that a model keeps. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "mnist_dist/data/source.h"
#include "runner.h"
#include "specs.h"

static const md_split only = MD_SPLIT_TEST;

/* Reads `text` as a model of these features would, and expects these values of all rows. */
static void expect(const char *text, char *names, const float *values, size_t rows, size_t features)
{
    char folder[TEST_PATH], path[TEST_PATH];
    md_error err = {0};
    md_source *source;
    md_samples samples = {0};
    const md_scale scale = {.feature_names = names};
    test_folder(folder);
    md_fixture_write(folder, "a.csv", text, strlen(text));
    const md_layer_spec answers = md_dense(2, MD_SOFTMAX);
    const md_model_spec model = md_spec(1, (int)features, 1, &answers);
    const md_source_wishes wishes = {
        .where = test_path(folder, "a.csv", path), .scale = &scale, .only = &only, .model = &model};
    md_status status = md_source_open(&wishes, &source, &err);
    if (!status)
        status = md_source_read(source, MD_SPLIT_TEST, &samples, &err);
    if (status)
        printf("\n  %s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(status, MD_OK);
    CU_ASSERT_EQUAL_FATAL(samples.shape.images[MD_SPLIT_TEST], rows);
    CU_ASSERT_EQUAL_FATAL(samples.shape.columns, features);
    const float *found = samples.features[MD_SPLIT_TEST];
    for (size_t i = 0; i < rows * features; i++)
        CU_ASSERT_EQUAL(found[i], values[i]);
    md_samples_clear(&samples);
    md_source_close(&source);
    test_folder_remove(folder);
}

static void of_equal_names_each_is_its_own(void)
{
    const float values[] = {1, 2, 3, 4, 5, 6};
    expect("x,x,x\n1,2,3\n4,5,6\n", "x\nx\nx", values, 2, 3);
    expect("x,x,x\n1,2,3\n4,5,6\n", "x\nx.1\nx.2", values, 2, 3);
    expect(",,z\n1,2,3\n4,5,6\n", "\n\nz", values, 2, 3);
    expect(",,z\n1,2,3\n4,5,6\n", "Unnamed: 0\nUnnamed: 1\nz", values, 2, 3);
    const float turned[] = {2, 3, 1, 5, 6, 4};
    expect("x,x.1,x\n1,2,3\n4,5,6\n", "x.1\nx.2\nx", turned, 2, 3);
}

static void words_of_equal_names_are_their_columns(void)
{
    const float values[] = {1, 0, 0, 1, 0, 1, 1, 0};
    expect("c,c\nred,up\nblue,down\n", "c=red\nc=blue\nc.1=down\nc.1=up", values, 2, 4);
    const float alike[] = {1, 0, 0, 1, 0, 1, 1, 0};
    expect("c,c\na,b\nb,a\n", "c=a\nc=b\nc=a\nc=b", alike, 2, 4);
}

static void a_sign_may_be_part_of_a_name(void)
{
    const float values[] = {1, 2, 3, 4};
    expect("a,a=b\n1,2\n3,4\n", "a\na=b", values, 2, 2);
    const float words[] = {1, 1, 0, 3, 0, 1};
    expect("a,a=b\n1,x\n3,y\n", "a\na=b=x\na=b=y", words, 2, 3);
}

static void words_that_look_like_numbers_stay_words(void)
{
    const float values[] = {0, 1, 1, 0};
    expect("size,z\n10,0\nS,0\n", "size=S\nsize=10", values, 2, 2);
}

const char md_suite[] = "data.csv";
CU_TestInfo md_tests[] = {
    {"of equal names each is its own", of_equal_names_each_is_its_own},
    {"words of equal names are their columns", words_of_equal_names_are_their_columns},
    {"a sign may be part of a name", a_sign_may_be_part_of_a_name},
    {"words that look like numbers stay words", words_that_look_like_numbers_stay_words},
    CU_TEST_INFO_NULL};
