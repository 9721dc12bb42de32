/* The configuration: defaults, reading, writing, order of precedence, reference. Bad input is in
 * test_refusals.c. */
#include "mnist_dist/config/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/rng.h"
#include "runner.h"
#include "same_config.h"
#include "specs.h"

/* Another value for every scalar key. */
static const char *const assignments[] = {"data.source=synthetic:600",
                                          "data.validation=split:5000",
                                          "data.storage=sparse",
                                          "optimizer.name=sgd",
                                          "optimizer.learning_rate=0.25",
                                          "optimizer.beta_1=0.8",
                                          "optimizer.beta_2=0.99",
                                          "optimizer.epsilon=1e-8",
                                          "optimizer.momentum=0.7",
                                          "optimizer.weight_decay=0.004",
                                          "optimizer.clip_norm=1.5",
                                          "augment.shift=2",
                                          "augment.rotation=12.5",
                                          "augment.zoom=0.1",
                                          "augment.shear=4",
                                          "schedule.name=cosine",
                                          "schedule.warmup_steps=100",
                                          "schedule.step_epochs=3",
                                          "schedule.factor=0.5",
                                          "schedule.final=0.01",
                                          "schedule.steps=5000",
                                          "train.epochs=20",
                                          "train.batch_size=64",
                                          "train.seed=18446744073709551615",
                                          "train.shuffle=false",
                                          "train.max_steps=9000000000",
                                          "train.initial_weights=my model.h5",
                                          "train.time_limit=2.5",
                                          "early_stopping.patience=6",
                                          "early_stopping.monitor=accuracy",
                                          "early_stopping.min_delta=0.125",
                                          "distributed.reducer=exchange",
                                          "distributed.node_size=2",
                                          "distributed.active_ranks=3",
                                          "distributed.stall_timeout=7.5",
                                          "checkpoint.output=/scratch/run",
                                          "checkpoint.every_steps=50",
                                          "checkpoint.keep=5",
                                          "checkpoint.digest_every=9",
                                          "checkpoint.max_failures=1",
                                          "checkpoint.lock_wait=12",
                                          "checkpoint.every_minutes=1.5"};
enum { ASSIGNMENTS = sizeof assignments / sizeof *assignments };

static void parse_ok(md_config *config, const char *text)
{
    md_error err = {0};
    CU_ASSERT_EQUAL(md_config_parse(config, text, "x.yaml", &err), MD_OK);
    if (err.status)
        CU_FAIL(err.text);
}

/* Layers' names could have a point once. */
static void what_a_run_saved_is_read_for_ever(void)
{
    static const char text[] =
        "model:\n- {layer: flatten}\n- {layer: dense, name: a.b, units: 1, activation: softmax}";
    md_config c = md_config_default();
    CU_ASSERT_EQUAL(md_config_parse(&c, text, "x.yaml", NULL), MD_USAGE);
    CU_ASSERT_EQUAL(md_config_parse_saved(&c, text, NULL), MD_OK);
    CU_ASSERT_STRING_EQUAL(c.model.layers[1].name, "a.b");
    CU_ASSERT_EQUAL(md_config_check(&c, NULL), MD_OK);
}

static void defaults_are_the_notebook_s(void)
{
    md_config c = md_config_default();
    CU_ASSERT_STRING_EQUAL(c.data.source, "data/mnist");
    CU_ASSERT_STRING_EQUAL(c.data.validation, "test");
    md_model_spec notebook = md_notebook();
    notebook.rows = notebook.columns = 0; /* the data set's */
    CU_ASSERT(md_model_spec_equal(&c.model, &notebook));
    CU_ASSERT_EQUAL(c.optimizer.kind, MD_OPTIMIZER_ADAM);
    CU_ASSERT_EQUAL(c.optimizer.learning_rate, 0.001);
    CU_ASSERT_EQUAL(c.optimizer.beta_1, 0.9);
    CU_ASSERT_EQUAL(c.optimizer.beta_2, 0.999);
    CU_ASSERT_EQUAL(c.optimizer.epsilon, 1e-7);
    CU_ASSERT_EQUAL(c.schedule.kind, MD_SCHEDULE_CONSTANT);
    CU_ASSERT_EQUAL(c.train.epochs, 10);
    CU_ASSERT_EQUAL(c.train.batch_size, 32);
    CU_ASSERT_EQUAL(c.train.seed, 42);
    CU_ASSERT_EQUAL(c.train.shuffle, 1);
    CU_ASSERT_STRING_EQUAL(c.train.initial_weights, "");
    CU_ASSERT_EQUAL(c.distributed.reducer, MD_REDUCER_ALLREDUCE);
    CU_ASSERT_EQUAL(c.distributed.stall_timeout, 120);
    CU_ASSERT_STRING_EQUAL(c.checkpoint.output, "runs/mnist");
    CU_ASSERT_EQUAL(c.checkpoint.keep, 2);
    CU_ASSERT_EQUAL(c.checkpoint.lock_wait, 30);
    CU_ASSERT_EQUAL(md_config_check(&c, NULL), MD_OK);
    for (size_t i = 0; i < MD_MAX_KEYS; i++)
        CU_ASSERT_EQUAL(c.given[i], 0);
}

static void the_optimizer_s_own_defaults_are_the_same(void)
{
    md_config config = md_config_default(), own = config;
    own.optimizer = md_optimizer_default();
    CU_ASSERT(same_learning(&config, &own));
}

static int given(const md_config *config, const char *assignment)
{
    char key[64];
    snprintf(key, sizeof key, "%.*s", (int)strcspn(assignment, "="), assignment);
    return md_config_given(config, key);
}

static char *read_config(const char *name)
{
    char path[512], *text = NULL;
    snprintf(path, sizeof path, "%s/%s", MD_CONFIGS, name);
    CU_ASSERT_EQUAL_FATAL(md_config_read_file(path, &text, NULL), MD_OK);
    return text;
}

static void mnist_yaml_spells_out_every_default(void)
{
    char *text = read_config("mnist.yaml");
    md_config defaults = md_config_default(), c = defaults;
    for (size_t i = 0; i < ASSIGNMENTS; i++)
        CU_ASSERT_EQUAL(md_config_set(&c, assignments[i], NULL), MD_OK);
    memset(c.given, 0, sizeof c.given);
    parse_ok(&c, text);
    CU_ASSERT(same_config(&c, &defaults));
    for (size_t i = 0; i < ASSIGNMENTS; i++)
        CU_ASSERT(given(&c, assignments[i]));
    CU_ASSERT(md_config_given(&c, "model"));
    free(text);
}

static void mnist_98_yaml_keeps_the_three_layers(void)
{
    char *text = read_config("mnist_98.yaml");
    md_config c = md_config_default();
    parse_ok(&c, text);
    free(text);
    CU_ASSERT_EQUAL(md_config_check(&c, NULL), MD_OK);
    CU_ASSERT(c.train.epochs <= 20);
    int units[MD_MAX_LAYERS], dense = 0;
    for (int i = 0; i < c.model.layer_count; i++)
        if (c.model.layers[i].kind == MD_LAYER_DENSE)
            units[dense++] = c.model.layers[i].units;
    CU_ASSERT_FATAL(dense == 3);
    CU_ASSERT(units[0] == 128 && units[1] == 64 && units[2] == 10);
}

static void every_scalar_key_can_be_set(void)
{
    md_config c = md_config_default();
    for (size_t i = 0; i < ASSIGNMENTS; i++) {
        CU_ASSERT(!given(&c, assignments[i]));
        CU_ASSERT_EQUAL(md_config_set(&c, assignments[i], NULL), MD_OK);
        CU_ASSERT(given(&c, assignments[i]));
    }
    md_config wanted = {
        .data = {"synthetic:600", "split:5000", MD_STORAGE_SPARSE, .window = 256},
        .model = md_config_default().model,
        .augment = {2, 12.5, 0.1, 4},
        .optimizer = {MD_OPTIMIZER_SGD, 0.25, 0.8, 0.99, 1e-8, 0.7, 0.004, 1.5},
        .schedule = {MD_SCHEDULE_COSINE, 100, 3, 0.5, 0.01, 5000},
        .train = {20, 64, UINT64_MAX, 0, 9000000000, "my model.h5", 2.5},
        .early_stopping = {6, MD_MONITOR_ACCURACY, 0.125},
        .distributed = {MD_REDUCER_EXCHANGE, 2, 3, 7.5},
        .checkpoint = {"/scratch/run", 50, 5, 9, 1, 12, 1.5},
    };
    CU_ASSERT(same_config(&c, &wanted));
}

static void later_values_win_and_others_stay(void)
{
    md_config c = md_config_default();
    parse_ok(&c, "train: {epochs: 3, seed: 7}\noptimizer: {learning_rate: 0.1}\n");
    parse_ok(&c, "train:\n  epochs: 4\n");
    CU_ASSERT_EQUAL(md_config_set(&c, "train.epochs=5", NULL), MD_OK);
    CU_ASSERT_EQUAL(c.train.epochs, 5);
    CU_ASSERT_EQUAL(c.train.seed, 7);
    CU_ASSERT_EQUAL(c.optimizer.learning_rate, 0.1);
    CU_ASSERT_EQUAL(c.train.batch_size, 32);
    CU_ASSERT(md_config_given(&c, "train.seed"));
    CU_ASSERT(!md_config_given(&c, "train.batch_size"));
    CU_ASSERT(!md_config_given(&c, "data.source"));
    CU_ASSERT(!md_config_given(&c, "no.such"));
}

static void an_empty_document_gives_nothing(void)
{
    const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n...\n", "---\n"};
    md_config defaults = md_config_default();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        md_config c = defaults;
        parse_ok(&c, texts[i]);
        CU_ASSERT(same_config(&c, &defaults));
    }
}

static void a_model_is_read_with_names_and_without(void)
{
    md_config c = md_config_default();
    parse_ok(&c, "model:\n"
                 "  - {layer: flatten, name: pixels}\n"
                 "  - layer: dense\n    units: 30\n    activation: tanh\n"
                 "  - {rate: 0.25, layer: dropout}\n"
                 "  - {layer: dense, units: 5, activation: softmax, name: head}\n");
    CU_ASSERT_EQUAL_FATAL(c.model.layer_count, 4);
    CU_ASSERT_STRING_EQUAL(c.model.layers[0].name, "pixels");
    CU_ASSERT_STRING_EQUAL(c.model.layers[1].name, "dense_1");
    CU_ASSERT_EQUAL(c.model.layers[1].activation, MD_TANH);
    CU_ASSERT_EQUAL(c.model.layers[2].kind, MD_LAYER_DROPOUT);
    CU_ASSERT_EQUAL(c.model.layers[2].rate, 0.25);
    CU_ASSERT_STRING_EQUAL(c.model.layers[3].name, "head");
    CU_ASSERT_EQUAL(c.model.layers[3].units, 5);
    CU_ASSERT(md_config_given(&c, "model"));
}

static void an_alias_stands_for_its_anchor(void)
{
    md_config c = md_config_default();
    parse_ok(&c, "model:\n  - {layer: flatten}\n"
                 "  - &wide {layer: dense, units: 9, activation: relu}\n  - *wide\n"
                 "  - {layer: dense, units: 10, activation: softmax}\n");
    CU_ASSERT_EQUAL(c.model.layer_count, 4);
    CU_ASSERT_EQUAL(c.model.layers[2].units, 9);
}

/* Random values straight into the struct, so that writing is judged by what it was given. */
typedef struct dice {
    uint64_t counter;
} dice;

static uint64_t roll(dice *d, uint64_t sides)
{
    uint32_t block[4];
    md_rng_key key = {.seed = 5, .stream = MD_STREAM_SYNTHETIC};
    md_rng_block(&key, d->counter++, block);
    uint64_t value = (uint64_t)block[0] << 32 | block[1];
    return sides ? value % sides : value;
}

/* In (0, 1), over many powers of two, with all 53 bits in use. */
static double roll_real(dice *d)
{
    double mantissa = 0.5 + (double)roll(d, UINT64_C(1) << 52) * 0x1p-53;
    return ldexp(mantissa, -(int)roll(d, 60));
}

static void roll_text(dice *d, char *out)
{
    static const char *const pieces[] = {"a",  "null", "'", "\"", " ",    "#",   ": ", "{", ",",
                                         "\\", "-",    "&", "*",  "!",    "é",   "数", "~", "0x1",
                                         "%",  "true", "[", "|",  "🙂", "../", "@"};
    out[0] = '\0';
    for (uint64_t n = 1 + roll(d, 12); n > 0; n--)
        strcat(out, pieces[roll(d, sizeof pieces / sizeof *pieces)]);
}

static const char *pick(dice *d, const char *a, const char *b, const char *c)
{
    const char *const words[] = {a, b, c};
    return words[roll(d, 3)];
}

static void roll_model(dice *d, md_model_spec *model)
{
    static const md_activation ends[] = {MD_SOFTMAX, MD_SIGMOID, MD_LINEAR};
    *model = (md_model_spec){.layer_count = 3 + (int)roll(d, MD_MAX_LAYERS - 2)};
    for (int i = 1; i < model->layer_count; i++) {
        md_layer_spec *layer = &model->layers[i];
        int last = i == model->layer_count - 1;
        layer->kind = last || roll(d, 2) ? MD_LAYER_DENSE : MD_LAYER_DROPOUT;
        if (layer->kind == MD_LAYER_DROPOUT)
            layer->rate = roll_real(d);
        else
            layer->units = 1 + (int)roll(d, 3000);
        if (layer->kind == MD_LAYER_DENSE)
            layer->activation = last ? ends[roll(d, 3)] : (md_activation)roll(d, MD_SOFTMAX);
        if (roll(d, 8) == 0)
            snprintf(layer->name, sizeof layer->name, "dense_%d", 100 - i);
    }
    md_model_spec_name_layers(model);
    if (md_model_spec_answer(model) == MD_ANSWER_NUMBERS && roll(d, 2))
        model->loss = MD_LOSS_HUBER;
    model->huber_delta = roll_real(d) + 1e-3;
}

static md_config roll_config(dice *d)
{
    md_config c = {.data.memory = MD_MEMORY_STREAM, .data.window = 1 + (int64_t)roll(d, 99)};
    roll_text(d, c.data.source);
    snprintf(c.data.validation, MD_WORD_SIZE, "%s", pick(d, "test", "none", "split:17"));
    c.data.storage = (md_storage)roll(d, 3);
    roll_model(d, &c.model);
    c.optimizer = (md_optimizer_spec){
        (md_optimizer_kind)roll(d, 3), roll_real(d), roll_real(d), roll_real(d), roll_real(d), 0,
        roll_real(d) * 1e30,           roll_real(d)};
    c.schedule = (md_schedule){(md_schedule_kind)roll(d, 3),
                               (int64_t)(roll(d, 0) >> 1),
                               1 + (int64_t)roll(d, 1000000),
                               roll_real(d),
                               roll_real(d),
                               (int64_t)roll(d, 1000000)};
    c.train.epochs = 1 + (int64_t)roll(d, 1000000);
    c.train.batch_size = 1 + (int64_t)roll(d, 1000000000);
    c.train.seed = roll(d, 0);
    c.train.shuffle = (int)roll(d, 2);
    if (roll(d, 2))
        roll_text(d, c.train.initial_weights);
    c.train.time_limit = roll_real(d) * 1e6;
    c.early_stopping.min_delta = roll_real(d);
    c.early_stopping.monitor = (md_monitor)roll(d, 4);
    c.distributed.reducer = (md_reducer_kind)roll(d, MD_REDUCER_KINDS);
    c.distributed.stall_timeout = (double)roll(d, 1000);
    roll_text(d, c.checkpoint.output);
    c.checkpoint.every_steps = (int64_t)(roll(d, 0) >> 1);
    c.checkpoint.keep = 1 + (int64_t)roll(d, 100);
    c.checkpoint.lock_wait = roll_real(d);
    c.checkpoint.every_minutes = roll_real(d);
    return c;
}

static void what_is_written_reads_back_the_same(void)
{
    dice d = {0};
    for (int i = 0; i < 500; i++) {
        md_config written = roll_config(&d), read = md_config_default();
        char *text = md_config_write(&written);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        parse_ok(&read, text);
        CU_ASSERT(same_config(&written, &read));
        CU_ASSERT_EQUAL(md_config_check(&written, NULL), MD_OK);
        free(text);
    }
}

static void the_longest_configuration_reads_back(void)
{
    md_config longest = md_config_default(), read = longest;
    char *const paths[] = {longest.data.source, longest.train.initial_weights,
                           longest.checkpoint.output};
    for (size_t i = 0; i < 3; i++)
        memset(paths[i], '\'', MD_PATH_SIZE - 1);
    longest.model.layer_count = MD_MAX_LAYERS;
    for (int i = 1; i < MD_MAX_LAYERS; i++) {
        md_layer_spec *layer = &longest.model.layers[i];
        *layer = (md_layer_spec){.kind = MD_LAYER_DENSE, .units = 1000, .activation = MD_SIGMOID};
        snprintf(layer->name, sizeof layer->name, "%063d", i);
    }
    longest.model.layers[MD_MAX_LAYERS - 1].activation = MD_SOFTMAX;
    char *text = md_config_write(&longest);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    parse_ok(&read, text);
    CU_ASSERT(same_config(&longest, &read));
    free(text);
}

static void numbers_are_written_as_short_as_they_can_be(void)
{
    md_config c = md_config_default();
    char *text = md_config_write(&c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    const char *const lines[] = {
        "data: {source: data/mnist, validation: test, storage: auto, memory: auto, window: 256, ",
        "  - {layer: dense, units: 64, activation: relu}\n",
        "learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1.0e-7, momentum: 0,",
        "initial_weights: '', time_limit: 0}\n", "stall_timeout: 120}\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(text, lines[i]));
    free(text);
}

static void the_reference_lists_every_key(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    md_config_print_reference(out);
    fclose(out);
    for (size_t i = 0; i < ASSIGNMENTS; i++) {
        char row[80];
        snprintf(row, sizeof row, "\n| `%.*s` | `", (int)strcspn(assignments[i], "="),
                 assignments[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, row));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n| `model` | `[{layer: flatten}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n| `model[].rate` |"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "| `optimizer.beta_1` | `0.9` | in [0, 1) | no |"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "| `train.epochs` | `10` | in [1, 1000000] | yes |"));
    free(text);
}

/* Where a key is added, README's table is printed anew and pasted. */
static void readme_has_the_reference_word_for_word(void)
{
    enum { MOST = 1 << 17 };
    static char readme[MOST];
    FILE *file = fopen(MD_README, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    const size_t read = fread(readme, 1, MOST - 1, file);
    fclose(file);
    CU_ASSERT(read > 0 && read < MOST - 1);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    md_config_print_reference(out);
    fclose(out);
    if (!strstr(readme, text)) {
        CU_FAIL("README has another table");
        fprintf(stderr, "%s", text);
    }
    free(text);
}

const char md_suite[] = "config.config";
CU_TestInfo md_tests[] = {
    {"what a run saved is read for ever", what_a_run_saved_is_read_for_ever},
    {"defaults are the notebook's", defaults_are_the_notebook_s},
    {"the optimizer's own defaults are the same", the_optimizer_s_own_defaults_are_the_same},
    {"mnist.yaml spells out every default", mnist_yaml_spells_out_every_default},
    {"mnist_98.yaml keeps the three layers", mnist_98_yaml_keeps_the_three_layers},
    {"every scalar key can be set", every_scalar_key_can_be_set},
    {"later values win and others stay", later_values_win_and_others_stay},
    {"an empty document gives nothing", an_empty_document_gives_nothing},
    {"a model is read with names and without", a_model_is_read_with_names_and_without},
    {"an alias stands for its anchor", an_alias_stands_for_its_anchor},
    {"what is written reads back the same", what_is_written_reads_back_the_same},
    {"the longest configuration reads back", the_longest_configuration_reads_back},
    {"numbers are written as short as they can be", numbers_are_written_as_short_as_they_can_be},
    {"the reference lists every key", the_reference_lists_every_key},
    {"README has the reference word for word", readme_has_the_reference_word_for_word},
    CU_TEST_INFO_NULL};
