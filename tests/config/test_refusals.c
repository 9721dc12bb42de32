/* The configuration: what is refused, and that the message names file, line, key and cure. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/config/config.h"
#include "runner.h"
#include "temporary.h"

/* A message is wanted with every one of these words. */
typedef struct refusal {
    const char *text;
    const char *words[4];
} refusal;

static void expect_words(const md_error *err, const char *const words[4])
{
    CU_ASSERT_EQUAL(err->status, MD_USAGE);
    CU_ASSERT_PTR_NULL(strchr(err->text, '\n'));
    for (size_t i = 0; i < 4 && words[i]; i++)
        if (!strstr(err->text, words[i])) {
            fprintf(stderr, "'%s' lacks '%s'\n", err->text, words[i]);
            CU_FAIL("a word is missing in a message");
        }
}

static void expect_refused(const refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        md_config config = md_config_default();
        md_error err = {0};
        md_status status = md_config_parse(&config, cases[i].text, "x.yaml", &err);
        if (status != MD_USAGE)
            fprintf(stderr, "not refused: %s\n", cases[i].text);
        CU_ASSERT_EQUAL(status, MD_USAGE);
        expect_words(&err, cases[i].words);
    }
}

static void unknown_keys_are_refused_with_the_nearest(void)
{
    static const refusal cases[] = {
        {"train:\n  epochs: 1\noptimizer:\n  learning_rat: 1\n",
         {"x.yaml:4: optimizer.learning_rat is not a key",
          "did you mean optimizer.learning_rate?"}},
        {"train: {learning_rate: 1}", {"x.yaml:1: ", "did you mean optimizer.learning_rate?"}},
        {"epochs: 1", {"x.yaml:1: epochs is not a key; did you mean train.epochs?"}},
        {"\noptimiser: {name: adam}", {"x.yaml:2: optimiser ", "did you mean optimizer?"}},
        {"train: {xyzzyplugh: 1}", {"x.yaml:1: train.xyzzyplugh is not a key; configs/mnist.yaml"}},
        {"train.epochs: 3", {"x.yaml:1: ", "train.epochs under its section"}},
        {"<<: {train: 1}", {"x.yaml:1: << is not a key"}},
        {"\"a\\nb\": 1", {"x.yaml:1: a?b is not a key"}},
        {"ephocs: 1", {"x.yaml:1: ephocs is not a key; did you mean train.epochs?"}},
        {"a:\n", {"x.yaml:1: a is not a key; configs/mnist.yaml"}},
        {"train: {x: 1}", {"x.yaml:1: train.x is not a key; configs/mnist.yaml"}},
    };
    expect_refused(cases, sizeof cases / sizeof *cases);
}

static void wrong_types_are_refused(void)
{
    static const refusal cases[] = {
        {"train:\n  epochs: ten", {"x.yaml:2: train.epochs must be a whole number, not 'ten'"}},
        {"train: {epochs: 1.5}", {"train.epochs must be a whole number, not '1.5'"}},
        {"train: {epochs: '10'}", {"train.epochs must be a whole number, without quotes"}},
        {"train: {epochs: [1]}", {"train.epochs must be a whole number, not a list"}},
        {"train: {epochs: {a: 1}}", {"train.epochs must be a whole number, not a mapping"}},
        {"train: {epochs: 99999999999999999999}", {"train.epochs must be a whole number"}},
        {"train: {seed: -1}", {"train.seed must be a whole number from 0 to 2^64 - 1"}},
        {"train: {shuffle: yes}", {"train.shuffle must be true or false, not 'yes'"}},
        {"optimizer: {learning_rate: fast}", {"learning_rate must be a number, not 'fast'"}},
        {"optimizer: {learning_rate: .nan}", {"learning_rate must be a number, not '.nan'"}},
        {"data: {source: [a, b]}", {"data.source must be text, not a list"}},
        {"data: {source: \"a\\0b\"}", {"data.source must be text, not text with a zero byte"}},
        {"data: {source: \"a\\nb\"}", {"data.source must be printable"}},
        {"data:\n  source:\n", {"x.yaml:2: data.source has no value"}},
        {"data: {source: ~}", {"data.source has no value"}},
        {"train: {epochs: null}", {"train.epochs has no value; give a whole number"}},
        {"train: {epochs: !!int 3}", {"x.yaml:1: tags have no meaning here; remove 'tag:yaml"}},
        {"train: !mine {epochs: 3}", {"x.yaml:1: tags have no meaning here; remove '!mine'"}},
        {"train: 5", {"x.yaml:1: train must be keys with values"}},
        {"\n\ntrain:\n", {"x.yaml:3: train must be keys with values"}},
        {"- train", {"x.yaml:1: the configuration must be keys with values"}},
        {"{[a]: 1}", {"x.yaml:1: a key must be a word"}},
    };
    expect_refused(cases, sizeof cases / sizeof *cases);
}

static void values_out_of_range_are_refused(void)
{
    static const refusal cases[] = {
        {"train: {epochs: 0}", {"x.yaml:1: train.epochs is 0; it must be in [1, 1000000]"}},
        {"train:\n  batch_size: 0", {"x.yaml:2: train.batch_size is 0; it must be in [1, "}},
        {"train: {max_steps: -1}", {"train.max_steps is -1; it must be at least 0"}},
        {"optimizer: {learning_rate: 0.0}", {"learning_rate is 0.0; it must be above 0"}},
        {"optimizer: {epsilon: 1e-50}", {"epsilon is 1e-50; it must be at least 1.2e-38"}},
        {"optimizer: {beta_1: 1}", {"optimizer.beta_1 is 1; it must be in [0, 1)"}},
        {"schedule: {factor: 0}", {"schedule.factor is 0; it must be in (0, 1]"}},
        {"checkpoint: {keep: 0}", {"checkpoint.keep is 0"}},
        {"checkpoint: {output: ''}", {"checkpoint.output is empty"}},
        {"optimizer: {name: adma}", {"optimizer.name must be adam, adamw or sgd, not 'adma'"}},
        {"data: {validation: split:0}", {"must be test, none or split:N, not 'split:0'"}},
        {"data: {validation: 'split:'}", {"must be test, none or split:N"}},
        {"data: {validation: splits}", {"must be test, none or split:N"}},
        {"distributed: {reducer: abacus}", {"allreduce or exchange", "not 'abacus'"}},
    };
    expect_refused(cases, sizeof cases / sizeof *cases);
}

static void keys_given_twice_are_refused(void)
{
    static const refusal cases[] = {
        {"train:\n  epochs: 1\n  seed: 2\n  epochs: 1\n",
         {"x.yaml:4: epochs is given twice, first in line 2"}},
        {"data: {}\ntrain: {epochs: 1}\ndata: {}\n",
         {"x.yaml:3: data is given twice, first in line 1"}},
        {"model:\n- {layer: dense, units: 1,\n   units: 2, activation: softmax}\n",
         {"x.yaml:3: units is given twice"}},
    };
    expect_refused(cases, sizeof cases / sizeof *cases);
}

static void broken_yaml_is_refused_with_its_line(void)
{
    static const refusal cases[] = {
        {"train: {epochs: 1\nmodel: []\n", {"x.yaml:2: not valid YAML"}},
        {"train:\n\tepochs: 1\n", {"x.yaml:2: not valid YAML", "cannot start any token"}},
        {"train:\n  epochs: 1\n seed: 2\n", {"x.yaml:3: not valid YAML"}},
        {"data: {source: 'a}\n", {"not valid YAML", "quoted scalar"}},
        {"data: {source: *nowhere}\n", {"x.yaml:1: not valid YAML", "alias"}},
        {"train: {epochs: 1}\n# \xff\n", {"x.yaml:2: not valid YAML", "UTF-8"}},
        {"train: {epochs: 1}\n---\ntrain: {epochs: 2}\n", {"x.yaml:3: a second document starts"}},
    };
    expect_refused(cases, sizeof cases / sizeof *cases);
}

static void broken_models_are_refused(void)
{
    static const refusal cases[] = {
        {"model: []", {"x.yaml:1: model: there are no layers"}},
        {"model: {layer: dense}", {"x.yaml:1: model must be a list"}},
        {"model: dense", {"model must be a list"}},
        {"model:\n- dense\n", {"x.yaml:2: a layer must be keys with values"}},
        {"model:\n- {units: 3}\n", {"x.yaml:2: the key layer is missing"}},
        {"model:\n- {layer: conv}\n", {"x.yaml:2: layer must be flatten, dense, dropout, "}},
        {"model:\n- {layer: dense, unit: 3}\n",
         {"x.yaml:2: unit is not a key of a dense layer", "layer, units, activation and name"}},
        {"model:\n- {layer: flatten, units: 3}\n",
         {"x.yaml:2: units is not a key of a flatten layer, which has layer and name"}},
        {"model:\n- {layer: dense, units: 3}\n",
         {"x.yaml:2: a dense layer needs the key activation"}},
        {"model:\n- {layer: dropout}\n", {"x.yaml:2: a dropout layer needs the key rate"}},
        {"model:\n- {layer: dropout, rate: 1.0}\n",
         {"x.yaml:2: rate is 1.0; it must be in [0, 1)"}},
        {"model:\n- layer: dense\n  units: 0\n",
         {"x.yaml:3: units is 0; it must be in [1, 1048576]"}},
        {"model:\n- {layer: dense, units: 3, activation: swish}\n",
         {"x.yaml:2: activation must be linear, relu, ", "not 'swish'"}},
        {"model:\n- {layer: dense, units: 3, activation: relu}\n",
         {"x.yaml:2: model: the last layer ('dense_1') must be dense, with activation softmax "
          "(classes), sigmoid"}},
        {"loss: l1\n", {"x.yaml:1: loss must be auto, sparse_categorical_crossentropy, "}},
        {"huber_delta: 0\n", {"x.yaml:1: huber_delta is 0"}},
        {"model:\n- {layer: flatten, name: a/b}\n- {layer: dense, units: 1, activation: softmax}",
         {"x.yaml:2: model: layer 1 is named 'a/b'"}},
        {"model:\n- {layer: flatten}\n- {layer: dense, name: a.b, units: 1, activation: softmax}",
         {"x.yaml:3: model: layer 2 is named 'a.b'", "Keras on PyTorch", "use '_'"}},
        {"model:\n- {layer: flatten}\n- {layer: dense, units: 3, activation: softmax}\n"
         "- {layer: dense, units: 2, activation: softmax}\n",
         {"x.yaml:3: model: layer 'dense_1' has softmax"}},
        {"model:\n- {layer: flatten, name: a}\n- {layer: flatten, name: a}\n",
         {"x.yaml:3: model: layers 1 and 2 are both named 'a'"}},
        {"model:\n- {layer: flatten}\n- {layer: dense, units: 3, activation: tanh}\n",
         {"x.yaml:3: model: the last layer ('dense_1')"}},
        {"model:\n- {layer: dense, units: 1048576, activation: relu}\n"
         "- {layer: dense, units: 1048576, activation: softmax}\n",
         {"x.yaml:3: model: layer 'dense_2' makes the model larger"}},
        {"model: &m [*m]", {"x.yaml:1: a layer must be keys with values"}},
    };
    expect_refused(cases, sizeof cases / sizeof *cases);
}

static void anchors_upon_anchors_cost_nothing(void)
{
    char text[4096] = "model:\n- &a0 {layer: flatten}\n";
    for (int i = 1; i < 30; i++) {
        char line[128];
        snprintf(line, sizeof line, "- &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i - 1, i - 1,
                 i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    expect_refused(&(refusal){text, {"x.yaml:3: a layer must be keys with values"}}, 1);
}

static void more_layers_than_there_is_room_for_are_refused(void)
{
    char text[2048] = "model:\n";
    for (int i = 0; i < MD_MAX_LAYERS + 1; i++)
        strcat(text, "- {layer: flatten}\n");
    expect_refused(&(refusal){text, {"x.yaml:34: model has over 32 layers"}}, 1);
}

static void a_refused_text_changes_nothing(void)
{
    md_config config = md_config_default();
    CU_ASSERT_EQUAL(md_config_parse(&config, "train: {epochs: 3, seed: x}", "x.yaml", NULL),
                    MD_USAGE);
    CU_ASSERT_EQUAL(config.train.epochs, 10);
    CU_ASSERT(!md_config_given(&config, "train.epochs"));
}

static void bad_assignments_are_refused(void)
{
    static const refusal cases[] = {
        {"train.epochs", {"'train.epochs' sets nothing; write section.key=value"}},
        {"epochs=3", {"epochs is not a key; did you mean train.epochs?"}},
        {"=3", {"'' is not a key; configs/mnist.yaml has them all"}},
        {"train=1", {"train is a section; name one of its keys, such as train.epochs"}},
        {"optimiser.learning_rate=3", {"did you mean optimizer.learning_rate?"}},
        {"train.epochs=", {"train.epochs must be a whole number, not ''"}},
        {"train.epochs= 3", {"train.epochs must be a whole number, not ' 3'"}},
        {"train.batch_size=0", {"train.batch_size is 0; it must be in [1, "}},
        {"model=[]", {"model is a list; give it in a file with --config"}},
        {"data.source=", {"data.source is empty"}},
        {"data.source=a\xc3(", {"data.source must be printable UTF-8"}},
        {"data.source=a\xe2\x80\xa8z", {"data.source must be printable UTF-8"}},
        {"data.source=\xed\xa0\x80", {"data.source must be printable UTF-8"}},
        {"data.source=\xc0\xaf", {"data.source must be printable UTF-8"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        md_config config = md_config_default();
        md_error err = {0};
        CU_ASSERT_EQUAL(md_config_set(&config, cases[i].text, &err), MD_USAGE);
        expect_words(&err, cases[i].words);
    }
}

static void a_text_too_long_is_refused_not_cut(void)
{
    char assignment[2 * MD_PATH_SIZE] = "checkpoint.output=";
    memset(assignment + strlen(assignment), 'a', MD_PATH_SIZE);
    md_config config = md_config_default();
    md_error err = {0};
    CU_ASSERT_EQUAL(md_config_set(&config, assignment, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){"checkpoint.output is 1024 bytes", "at most 1023"});
    CU_ASSERT_STRING_EQUAL(config.checkpoint.output, "runs/mnist");
}

static void expect_check(md_config *config, const char *a, const char *b)
{
    md_error err = {0};
    CU_ASSERT_EQUAL(md_config_check(config, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){a, b});
}

static void combinations_that_make_no_sense_are_refused(void)
{
    md_config config = md_config_default();
    CU_ASSERT_EQUAL(md_config_set(&config, "data.validation=none", NULL), MD_OK);
    CU_ASSERT_EQUAL(md_config_check(&config, NULL), MD_OK);
    config.early_stopping.patience = 3;
    expect_check(&config, "early_stopping.monitor is val_loss", "data.validation is none");
    CU_ASSERT_EQUAL(md_config_set(&config, "early_stopping.monitor=loss", NULL), MD_OK);
    CU_ASSERT_EQUAL(md_config_check(&config, NULL), MD_OK);

    config = md_config_default();
    config.train.batch_size = 0;
    expect_check(&config, "train.batch_size is 0", NULL);

    config = md_config_default();
    config.model.layer_count = 3;
    expect_check(&config, "model: the last layer ('dense_2')", "softmax");

    config = md_config_default();
    CU_ASSERT_EQUAL(md_config_set(&config, "loss=mae", NULL), MD_OK);
    expect_check(&config, "loss is mae, which goes with activation linear",
                 "'dense_3' has softmax");

    config = md_config_default();
    config.early_stopping.patience = 3;
    CU_ASSERT_EQUAL(md_config_set(&config, "early_stopping.monitor=val_mae", NULL), MD_OK);
    expect_check(&config, "early_stopping.monitor is val_mae", "the model answers with classes");
    config.model.layers[3].activation = MD_LINEAR;
    CU_ASSERT_EQUAL(md_config_check(&config, NULL), MD_OK);
    CU_ASSERT_EQUAL(md_config_set(&config, "early_stopping.monitor=accuracy", NULL), MD_OK);
    expect_check(&config, "early_stopping.monitor is accuracy", "the model answers with numbers");
}

static void some_keys_may_differ_on_resume(void)
{
    static const char *const free_keys[] = {"train.epochs=20",
                                            "train.max_steps=9",
                                            "train.time_limit=5",
                                            "train.threads=2",
                                            "data.source=elsewhere",
                                            "data.storage=dense",
                                            "distributed.node_size=2",
                                            "distributed.stall_timeout=3",
                                            "distributed.micro_shard=4",
                                            "distributed.reducer=exchange",
                                            "checkpoint.output=else",
                                            "checkpoint.every_steps=5",
                                            "checkpoint.every_minutes=5",
                                            "checkpoint.keep=4",
                                            "checkpoint.digest_every=1",
                                            "checkpoint.max_failures=0",
                                            "checkpoint.lock_wait=1",
                                            "early_stopping.patience=2",
                                            "early_stopping.monitor=loss",
                                            "early_stopping.min_delta=1",
                                            "schedule.steps=9"};
    md_config saved = md_config_default(), now = saved;
    for (size_t i = 0; i < sizeof free_keys / sizeof *free_keys; i++)
        CU_ASSERT_EQUAL(md_config_set(&now, free_keys[i], NULL), MD_OK);
    now.model.rows = now.model.columns = 28;
    CU_ASSERT_EQUAL(md_config_check_resume(&saved, &now, 1, NULL), MD_OK);
}

static void anything_but_the_model_may_differ_before_the_first_step(void)
{
    md_config saved = md_config_default(), now = saved;
    CU_ASSERT_EQUAL(md_config_set(&now, "optimizer.name=sgd", NULL), MD_OK);
    CU_ASSERT_EQUAL(md_config_set(&now, "train.batch_size=64", NULL), MD_OK);
    CU_ASSERT_EQUAL(md_config_check_resume(&saved, &now, 0, NULL), MD_OK);
    now.model.layers[1].units = 256;
    CU_ASSERT_EQUAL(md_config_check_resume(&saved, &now, 0, NULL), MD_USAGE);
}

static void expect_no_resume(const md_config *saved, const md_config *now, const char *a,
                             const char *b)
{
    md_error err = {0};
    CU_ASSERT_EQUAL(md_config_check_resume(saved, now, 1, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){a, b});
}

static void all_others_must_not(void)
{
    static const char *const fixed[][2] = {
        {"data.validation=none", "data.validation is none, but the run to resume has test"},
        {"optimizer.name=sgd", "optimizer.name is sgd, but the run to resume has adam"},
        {"optimizer.learning_rate=0.5", "learning_rate is 0.5, but the run to resume has 0.001"},
        {"optimizer.clip_norm=1", "optimizer.clip_norm is 1,"},
        {"schedule.name=step", "schedule.name is step,"},
        {"schedule.final=0.5", "schedule.final is 0.5,"},
        {"train.batch_size=64", "train.batch_size is 64, but the run to resume has 32"},
        {"train.seed=1", "train.seed is 1, but the run to resume has 42"},
        {"train.shuffle=false", "train.shuffle is false, but the run to resume has true"},
        {"train.initial_weights=x.h5",
         "train.initial_weights is x.h5, but the run to resume has '';"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        md_config saved = md_config_default(), now = saved;
        CU_ASSERT_EQUAL(md_config_set(&now, fixed[i][0], NULL), MD_OK);
        expect_no_resume(&saved, &now, fixed[i][1], "start anew without --resume");
    }
}

static void what_was_a_reducer_or_a_key_is_still_taken(void)
{
    static const char *const former[] = {"distributed.reducer=node-shared",
                                         "distributed.reducer=reproducible",
                                         "distributed.micro_shard=4", "train.threads=4"};
    for (size_t i = 0; i < sizeof former / sizeof *former; i++) {
        md_config config = md_config_default();
        CU_ASSERT_EQUAL(md_config_set(&config, former[i], NULL), MD_OK);
        CU_ASSERT_EQUAL(config.distributed.reducer,
                        i < 2 ? MD_REDUCER_EXCHANGE : MD_REDUCER_ALLREDUCE);
    }
    md_config config = md_config_default();
    static const char text[] = "train: {threads: 2}\n"
                               "distributed: {micro_shard: 8, reducer: reproducible}\n";
    CU_ASSERT_EQUAL(md_config_parse(&config, text, "text", NULL), MD_OK);
    CU_ASSERT_EQUAL(config.distributed.reducer, MD_REDUCER_EXCHANGE);
}

static void another_model_is_named_on_resume(void)
{
    md_config saved = md_config_default(), now = saved;
    now.model.layers[1].units = 256;
    expect_no_resume(&saved, &now, "model: layer 2 is {layer: dense, units: 256, ", "units: 128");
    now = saved;
    now.model.layers[2] = saved.model.layers[3];
    now.model.layer_count = 3;
    expect_no_resume(&saved, &now, "model: layer 3", NULL);
    now = saved;
    now.model.layer_count = 2;
    expect_no_resume(&saved, &now, "model has 2 layers, but the run to resume has 4", NULL);
}

static void files_that_are_no_configuration_are_refused(void)
{
    char folder[TEST_PATH], path[TEST_PATH];
    test_folder(folder);
    int fd = open(test_path(folder, "run.yaml", path), O_RDWR | O_CREAT, 0600);
    CU_ASSERT_FATAL(fd >= 0);
    char *text;
    md_error err = {0};
    CU_ASSERT_EQUAL(write(fd, "train: {}\0x", 11), 11);
    CU_ASSERT_EQUAL(md_config_read_file(path, &text, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){path, "zero byte"});
    CU_ASSERT_EQUAL(ftruncate(fd, 1 << 20), 0);
    CU_ASSERT_EQUAL(md_config_read_file(path, &text, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){path, "larger than 16384 bytes"});
    close(fd);
    test_folder_remove(folder);
    CU_ASSERT_EQUAL(md_config_read_file(path, &text, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){path, "No such file"});
    CU_ASSERT_PTR_NULL(text);
    CU_ASSERT_EQUAL(md_config_read_file("/tmp", &text, &err), MD_USAGE);
    expect_words(&err, (const char *const[4]){"/tmp", "directory; give the path of a YAML file"});
}

static void expect_brackets_refused(size_t count, const char *words)
{
    char *text = malloc(count + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, '[', count);
    text[count] = '\0';
    expect_refused(&(refusal){text, {"x.yaml", words}}, 1);
    free(text);
}

static void the_deepest_brackets_are_refused(void)
{
    expect_brackets_refused(16384, "not valid YAML");
    expect_brackets_refused(16385, "larger than 16384 bytes");
}

const char md_suite[] = "config.refusals";
CU_TestInfo md_tests[] = {
    {"unknown keys are refused with the nearest", unknown_keys_are_refused_with_the_nearest},
    {"wrong types are refused", wrong_types_are_refused},
    {"values out of range are refused", values_out_of_range_are_refused},
    {"keys given twice are refused", keys_given_twice_are_refused},
    {"broken YAML is refused with its line", broken_yaml_is_refused_with_its_line},
    {"broken models are refused", broken_models_are_refused},
    {"anchors upon anchors cost nothing", anchors_upon_anchors_cost_nothing},
    {"more layers than there is room for are refused",
     more_layers_than_there_is_room_for_are_refused},
    {"a refused text changes nothing", a_refused_text_changes_nothing},
    {"bad assignments are refused", bad_assignments_are_refused},
    {"a text too long is refused, not cut", a_text_too_long_is_refused_not_cut},
    {"combinations that make no sense are refused", combinations_that_make_no_sense_are_refused},
    {"some keys may differ on resume", some_keys_may_differ_on_resume},
    {"anything but the model may differ before the first step",
     anything_but_the_model_may_differ_before_the_first_step},
    {"all others must not", all_others_must_not},
    {"what was a reducer, or its key, is still taken", what_was_a_reducer_or_a_key_is_still_taken},
    {"another model is named on resume", another_model_is_named_on_resume},
    {"files that are no configuration are refused", files_that_are_no_configuration_are_refused},
    {"the deepest brackets are refused", the_deepest_brackets_are_refused},
    CU_TEST_INFO_NULL};
