#include <math.h>
#include <string.h>

#include <stdlib.h>

#include "mnist_dist/model/layer_kind.h"
#include "mnist_dist/model/model_spec.h"
#include "runner.h"
#include "specs.h"

/* flatten, 128 relu, dropout 0.2, 10 softmax over 28 x 28. */
static md_model_spec usual(void)
{
    const md_layer_spec layers[] = {md_flatten(), md_dense(128, MD_RELU), md_dropout(0.2),
                                    md_dense(10, MD_SOFTMAX)};
    return md_spec(28, 28, 4, layers);
}

static void a_good_model_passes(void)
{
    md_model_spec spec = usual();
    md_error err;
    CU_ASSERT_EQUAL(md_model_spec_check(&spec, &err), MD_OK);
    CU_ASSERT_EQUAL(md_model_spec_classes(&spec), 10);
}

/* Refused, with words that name the layer and the value. */
static void refused(const md_model_spec *spec, const char *word, const char *other)
{
    md_error err = {0};
    CU_ASSERT_EQUAL(md_model_spec_check(spec, &err), MD_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "model: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, word));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, other));
}

/* -1 where no single layer is to blame, and where none is. */
static void the_layer_to_blame_is_pointed_at(void)
{
    int at = 7;
    md_model_spec spec = usual();
    CU_ASSERT_EQUAL(md_model_spec_check_at(&spec, &at, NULL), MD_OK);
    CU_ASSERT_EQUAL(at, -1);
    spec.layers[2].rate = 1.0;
    CU_ASSERT_EQUAL(md_model_spec_check_at(&spec, &at, NULL), MD_USAGE);
    CU_ASSERT_EQUAL(at, 2);
    spec = usual();
    spec.rows = spec.columns = 65535;
    CU_ASSERT_EQUAL(md_model_spec_check_at(&spec, &at, NULL), MD_USAGE);
    CU_ASSERT_EQUAL(at, 1);
    spec.layer_count = 0;
    CU_ASSERT_EQUAL(md_model_spec_check_at(&spec, &at, NULL), MD_USAGE);
    CU_ASSERT_EQUAL(at, -1);
}

static void a_model_needs_layers_and_not_too_many(void)
{
    md_model_spec spec = usual();
    spec.layer_count = 0;
    refused(&spec, "no layers", "dense");
    spec.layer_count = MD_MAX_LAYERS + 1;
    refused(&spec, "33", "32");
}

static void units_and_rates_are_in_range(void)
{
    const int units[] = {0, -1, (1 << 20) + 1};
    const double rates[] = {-0.1, 1.0, NAN};
    for (size_t i = 0; i < 3; i++) {
        md_model_spec spec = usual();
        spec.layers[1].units = units[i];
        refused(&spec, "'dense_1'", "units");
        spec = usual();
        spec.layers[2].rate = rates[i];
        refused(&spec, "'dropout_1'", "rate");
    }
}

static void names_are_plain_and_unique(void)
{
    const char *const names[] = {"", "a b", "a/b", "caf\xc3\xa9"};
    for (size_t i = 0; i < 4; i++) {
        md_model_spec spec = usual();
        snprintf(spec.layers[1].name, MD_NAME_SIZE, "%s", names[i]);
        refused(&spec, "layer 2", "letters");
    }
    md_model_spec spec = usual();
    snprintf(spec.layers[3].name, MD_NAME_SIZE, "dense_1");
    refused(&spec, "2 and 4", "'dense_1'");
}

static void softmax_is_last_and_only_last(void)
{
    md_model_spec spec = usual();
    spec.layers[1].activation = MD_SOFTMAX;
    refused(&spec, "'dense_1'", "softmax");
    spec = usual();
    spec.layers[3].activation = MD_RELU;
    refused(&spec, "'dense_2'", "softmax");
    spec = usual();
    spec.layer_count = 3;
    refused(&spec, "'dropout_1'", "softmax");
}

static void sizes_do_not_overflow(void)
{
    md_model_spec spec = usual();
    spec.rows = spec.columns = 65535;
    refused(&spec, "'dense_1'", "2^31");
    spec = usual();
    spec.layers[1].units = 1 << 20;
    spec.layers[2] = md_dense(1 << 20, MD_RELU);
    snprintf(spec.layers[2].name, MD_NAME_SIZE, "wide");
    refused(&spec, "'wide'", "2^31");
}

static void names_are_filled_in_as_keras_would(void)
{
    md_model_spec spec = {.layer_count = 6,
                          .layers = {{.kind = MD_LAYER_FLATTEN},
                                     {.kind = MD_LAYER_FLATTEN},
                                     md_dense(3, MD_RELU),
                                     {.kind = MD_LAYER_DENSE, .name = "dense_2"},
                                     {.kind = MD_LAYER_DROPOUT},
                                     md_dense(3, MD_SOFTMAX)}};
    const char *const expected[] = {"flatten", "flatten_2", "dense_1",
                                    "dense_2", "dropout_1", "dense_3"};
    md_model_spec_name_layers(&spec);
    for (int i = 0; i < 6; i++)
        CU_ASSERT_STRING_EQUAL(spec.layers[i].name, expected[i]);
}

static void tensors_follow_each_other_kernel_before_bias(void)
{
    const struct {
        int layer;
        const char *role;
        size_t rows, columns, offset;
    } expected[] = {{1, "kernel", 784, 128, 0},
                    {1, "bias", 128, 1, 100352},
                    {3, "kernel", 128, 10, 100480},
                    {3, "bias", 10, 1, 101760}};
    md_model_spec spec = usual();
    md_layout layout;
    md_model_spec_layout(&spec, &layout);
    CU_ASSERT_EQUAL(layout.tensor_count, 4);
    CU_ASSERT_EQUAL(layout.parameters, 101770);
    for (int i = 0; i < 4; i++) {
        const md_tensor *tensor = &layout.tensors[i];
        CU_ASSERT_EQUAL(tensor->layer, expected[i].layer);
        CU_ASSERT_STRING_EQUAL(tensor->role, expected[i].role);
        CU_ASSERT_EQUAL(tensor->rank, i % 2 ? 1 : 2);
        CU_ASSERT_EQUAL(tensor->shape[0], expected[i].rows);
        CU_ASSERT_EQUAL(tensor->shape[1], expected[i].columns);
        CU_ASSERT_EQUAL(tensor->count, expected[i].rows * expected[i].columns);
        CU_ASSERT_EQUAL(tensor->offset, expected[i].offset);
    }
}

static void equal_means_shape_and_arithmetic(void)
{
    md_model_spec a = usual(), b = usual();
    snprintf(b.layers[1].name, MD_NAME_SIZE, "other");
    b.rows = 1;
    b.columns = 784;
    CU_ASSERT(md_model_spec_equal(&a, &b));
    b = usual();
    b.layers[1].units = 127;
    CU_ASSERT(!md_model_spec_equal(&a, &b));
    b = usual();
    b.layers[1].activation = MD_TANH;
    CU_ASSERT(!md_model_spec_equal(&a, &b));
    b = usual();
    b.layers[2].rate = 0.3;
    CU_ASSERT(!md_model_spec_equal(&a, &b));
    b = usual();
    b.layers[2].kind = MD_LAYER_FLATTEN;
    CU_ASSERT(!md_model_spec_equal(&a, &b));
    b = usual();
    b.rows = 27;
    CU_ASSERT(!md_model_spec_equal(&a, &b));
}

static void words_go_both_ways(void)
{
    const char *const activations[] = {"linear", "relu", "tanh", "sigmoid", "softmax"};
    const char *const kinds[] = {"flatten", "dense", "dropout"};
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT_STRING_EQUAL(md_activation_words[i], activations[i]);
    CU_ASSERT_PTR_NULL(md_activation_words[5]);
    for (size_t i = 0; i < 3; i++) {
        md_layer_kind kind;
        CU_ASSERT(md_layer_kind_parse(kinds[i], &kind));
        CU_ASSERT_STRING_EQUAL(md_layer_kind_name(kind), kinds[i]);
    }
    md_layer_kind kind = MD_LAYER_DENSE;
    CU_ASSERT(!md_layer_kind_parse("conv", &kind) && kind == MD_LAYER_DENSE);
    CU_ASSERT_PTR_NULL(md_layer_kind_name(MD_LAYER_KIND_COUNT));
}

static void text_goes_both_ways(void)
{
    md_model_spec spec = usual(), back;
    spec.layers[2].rate = 0.1 + 0.2;
    char *text = md_model_spec_write(&spec);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "dense name=dense_1 units=128 activation=relu\n"));
    CU_ASSERT_EQUAL(md_model_spec_read(text, &back, NULL), MD_OK);
    CU_ASSERT(md_model_spec_equal(&spec, &back));
    CU_ASSERT_EQUAL(back.rows, 28);
    CU_ASSERT_EQUAL(memcmp(&spec.layers[2].rate, &back.layers[2].rate, sizeof(double)), 0);
    for (int i = 0; i < spec.layer_count; i++)
        CU_ASSERT_STRING_EQUAL(spec.layers[i].name, back.layers[i].name);
    free(text);
}

static void bad_text_is_refused_with_its_line(void)
{
    const char *const texts[][2] = {
        {"", "input"},
        {"dense name=a units=3 activation=relu\n", "line 1"},
        {"input rows=2 columns=2\nconv name=a\n", "line 2"},
        {"input rows=2 columns=2\ndense name=a units=0 activation=softmax\n", "line 2"},
        {"input rows=2 columns=2\ndense name=a activation=softmax\n", "line 2"},
        {"input rows=2 columns=2\ndense name=a units=3 units=3\ndense name=b units=3 "
         "activation=softmax\n",
         "line 2"},
        {"input rows=2 columns=2\ndense name=a units=3 units=4 activation=softmax\n", "line 2"},
        {"input rows=2 columns=2\ndense name=a units=3 activation=softmax rate=1\n", "line 2"},
        {"input rows=2 columns=-2\ndense name=a units=3 activation=softmax\n", "line 1"},
        {"input rows=2 columns=2\ndense name=a units=3 activation=relu\n", "softmax"},
        {"input rows=2 columns=2\ndense name=a units=3 activation=Softmax\n", "line 2"},
        {"input rows=2\ndense name=a units=3 activation=softmax\n", "input"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        md_model_spec spec;
        md_error err = {0};
        CU_ASSERT_EQUAL(md_model_spec_read(texts[i][0], &spec, &err), MD_BAD_CHECKPOINT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "@model"));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, texts[i][1]));
    }
}

/* What a layer can be is in its descriptor, and every descriptor is complete. */
static void every_kind_describes_itself(void)
{
    for (int kind = 0; kind < MD_LAYER_KIND_COUNT; kind++) {
        const md_layer_descriptor *d = md_layer_describe((md_layer_kind)kind);
        md_layer_kind found;
        CU_ASSERT(md_layer_kind_parse(md_layer_words[kind], &found) && (int)found == kind);
        CU_ASSERT(md_layer_kind_of_keras(d->keras_class, &found) && (int)found == kind);
        CU_ASSERT(d->help && d->help[0]);
        for (size_t i = 0; i < d->key_count; i++) {
            CU_ASSERT_PTR_EQUAL(md_layer_key((md_layer_kind)kind, d->keys[i].name), &d->keys[i]);
            CU_ASSERT(d->keys[i].help && d->keys[i].help[0]);
        }
    }
    CU_ASSERT_PTR_NULL(md_layer_describe(MD_LAYER_KIND_COUNT));
}

static void shapes_follow_the_layers(void)
{
    md_model_spec spec = usual();
    md_layout layout;
    md_model_spec_layout(&spec, &layout);
    CU_ASSERT_EQUAL(layout.shapes[0].extent[0], 28);
    CU_ASSERT_EQUAL(layout.shapes[0].extent[1], 28);
    const size_t sizes[] = {784, 784, 128, 128, 10};
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(layout.shapes[i].rank, i == 0 ? 2 : 1);
        CU_ASSERT_EQUAL(md_shape_size(&layout.shapes[i]), sizes[i]);
    }
    CU_ASSERT_EQUAL(layout.first[1], 0);
    CU_ASSERT_EQUAL(layout.first[2], 2);
    CU_ASSERT_EQUAL(layout.first[4], 4);
}

const char md_suite[] = "model.model_spec";
CU_TestInfo md_tests[] = {
    {"a good model passes", a_good_model_passes},
    {"the layer to blame is pointed at", the_layer_to_blame_is_pointed_at},
    {"a model needs layers, and not too many", a_model_needs_layers_and_not_too_many},
    {"units and rates are in range", units_and_rates_are_in_range},
    {"names are plain and unique", names_are_plain_and_unique},
    {"softmax is last and only last", softmax_is_last_and_only_last},
    {"sizes do not overflow", sizes_do_not_overflow},
    {"names are filled in as Keras would", names_are_filled_in_as_keras_would},
    {"tensors follow each other, kernel before bias", tensors_follow_each_other_kernel_before_bias},
    {"equal means shape and arithmetic", equal_means_shape_and_arithmetic},
    {"words go both ways", words_go_both_ways},
    {"text goes both ways", text_goes_both_ways},
    {"bad text is refused with its line", bad_text_is_refused_with_its_line},
    {"every kind describes itself", every_kind_describes_itself},
    {"shapes follow the layers", shapes_follow_the_layers},
    CU_TEST_INFO_NULL};
