#include <stdlib.h>

#include <unistd.h>

#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/pixel_scale.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/train/run.h"

enum { CONFIG = 1, OUTPUT, SCALE };

typedef struct arguments {
    char *config;
    const char *output;
    int pixels;         /* md_keras_pixels */
    char *command_line; /* malloc'ed */
    md_error *err;
} arguments;

/* By md_keras_pixels; data.scale's words. */
static const char *const scales[] = {"auto", "unit", "none", NULL};

static const struct argp_option options[] = {
    {"config", CONFIG, "FILE", 0,
     "configuration to train on with; its model is that of a file with weights only", 0},
    {"output", OUTPUT, "DIR", 0, "the new output folder (default runs/imported)", 0},
    {"scale", SCALE, "WORD", 0,
     "what FILE's model was trained on: none (pixels from 0 to 255), unit (pixels / 255) or auto "
     "(the default: what its Rescaling or Normalization layer says, else unit)",
     0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case CONFIG:
        a->config = text;
        return 0;
    case OUTPUT:
        a->output = text;
        return 0;
    case SCALE:
        return md_option_word("scale", text, scales, &a->pixels, a->err);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp md_import_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Makes a model of Keras (.h5, .weights.h5 or .keras) an output folder, whose last.h5 "
           "the other commands read with --data. `mnist_dist --resume --output DIR` trains on from "
           "it, with any options, and with the optimizer's state where FILE has it."};

static md_status read_config(const arguments *a, md_config *out, md_error *err)
{
    char *text = NULL;
    *out = md_config_default();
    if (!a->config)
        return MD_OK;
    md_status status = md_config_read_file(a->config, &text, err);
    if (!status)
        status = md_config_parse(out, text, a->config, err);
    free(text);
    return status;
}

/* The file's model is the configuration's, from now on; two that differ are a mistake. */
static md_status set_model(const arguments *a, const md_checkpoint *c, md_config *config,
                           md_error *err)
{
    md_model_spec given = config->model;
    given.rows = c->model.rows;
    given.columns = c->model.columns;
    if (md_config_given(config, "model") && !md_model_spec_equal(&given, &c->model))
        return md_fail(err, MD_USAGE, "%s: its model differs from the one in the file; remove it",
                       a->config);
    config->model = c->model;
    return MD_OK;
}

/* The file's optimizer, but for what --config says. */
static void set_optimizer(const md_checkpoint *c, md_config *config)
{
    md_optimizer_spec file = c->optimizer;
    double *from;
    const md_key *key;
    if (!md_config_given(config, "optimizer.name"))
        config->optimizer.kind = file.kind;
    if (!md_config_given(config, "optimizer.learning_rate"))
        config->optimizer.learning_rate = file.learning_rate;
    if (!md_config_given(config, "optimizer.clip_norm"))
        config->optimizer.clip_norm = file.clip_norm;
    for (int i = 0; (key = md_optimizer_hyper(&file, i, &from)) != NULL; i++) {
        char name[MD_WORD_SIZE];
        snprintf(name, sizeof name, "optimizer.%s", key->name);
        if (!md_config_given(config, name))
            *(double *)(void *)((char *)&config->optimizer + key->offset) = *from;
    }
}

/* A model of Keras has no run that could be resumed: it gets one. */
static md_status start_run(const arguments *a, md_checkpoint *c, md_config *config, md_error *err)
{
    char output[sizeof config->checkpoint.output + 32];
    snprintf(output, sizeof output, "checkpoint.output=%s", a->output);
    md_status status = set_model(a, c, config, err);
    if (!status)
        status = md_config_set(config, output, err);
    set_optimizer(c, config);
    if (!status)
        status = md_config_check(config, err);
    return status ? status : md_run_adopt(c, config, a->command_line, err);
}

static md_status read_model(const arguments *a, const char *file, md_config *config,
                            md_checkpoint **out, md_error *err)
{
    md_status status = read_config(a, config, err);
    const md_model_spec *given = md_config_given(config, "model") ? &config->model : NULL;
    if (!status)
        status = md_import(file, given, (md_keras_pixels)a->pixels, out, err);
    if (status)
        return status;
    if ((*out)->run_count == 0)
        return start_run(a, *out, config, err);
    return md_fail(err, MD_USAGE,
                   "%s is a checkpoint of this program and needs no import: start from its weights "
                   "with --set train.initial_weights=%s, or copy its folder and go on there with "
                   "--resume",
                   file, file);
}

/* As a run that starts would: an earlier one in the folder is moved aside. */
static md_status save(const arguments *a, const md_config *config, md_checkpoint *c, md_error *err)
{
    md_folder *folder;
    md_status status = md_folder_open(a->output, (int)config->checkpoint.keep,
                                      config->checkpoint.lock_wait, NULL, &folder, err);
    if (!status)
        status = md_folder_set_aside(folder, err);
    if (!status)
        status = md_folder_save(folder, c, NULL, err);
    md_folder_close(&folder);
    return status;
}

static void print_imported(const arguments *a, const md_checkpoint *c)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    printf("%s/" MD_FILE_LAST ": imported, weights=xxh3:%016llx\n", a->output,
           (unsigned long long)c->weights_xxh3);
    char input[MD_INPUT_TEXT], answer[MD_ANSWER_TEXT], quoted[MD_QUOTED_SIZE];
    printf("  %s, %s, %zu parameters, ", md_input_text(&c->model, input),
           md_answer_text(&c->model, answer), layout.parameters);
    if (c->at.iterations > 0)
        printf("%s after %lld steps\n", md_optimizer_describe(c->optimizer.kind)->word,
               (long long)c->at.iterations);
    else
        printf("no optimizer state\n");
    if (md_scale_is_assumed(&c->scale))
        printf("  takes %s; else say so with --scale\n",
               c->model.rows > 1
                   ? "pixels / 255 (of whole numbers from 0 to 255; others as they are)"
                   : "bytes / 255, other values as they are");
    printf("  train on with: mnist_dist --resume --output %s\n", md_text_quote(a->output, quoted));
}

/* On the test images that the run will have, where they are there and fit already: what is wrong
 * with them is for the commands that need them to say. */
static void check_scale(md_comm *comm, const md_config *config, const md_checkpoint *c)
{
    md_error unused;
    md_dataset *dataset = NULL;
    const md_data_choice choice = {
        .config = *config,
        .scale = md_scale_is_assumed(&c->scale) ? NULL : &c->scale,
        .as_is = 1,
    };
    if (access(config->data.source, F_OK) == 0 &&
        md_split_read(comm, &choice, MD_SPLIT_TEST, &dataset, &unused) == MD_OK)
        (void)md_scale_check(comm, &c->model, c->parameters, dataset, config->data.source, &unused);
    md_dataset_destroy(&dataset);
}

md_status md_command_import(md_comm *comm, int argc, char **argv, md_error *err)
{
    const char *file;
    arguments a = {.output = "runs/imported",
                   .command_line = md_command_line("import", argc, argv),
                   .err = err};
    md_config config;
    md_checkpoint *c = NULL;
    md_status status = a.command_line ? MD_OK : md_fail_memory(err, "the command line", 1);
    if (!status)
        status = md_options_parse(&md_import_argp, argc, argv, &a, &file, err);
    if (!status)
        status = read_model(&a, file, &config, &c, err);
    if (!status)
        status = save(&a, &config, c, err);
    if (!status) {
        print_imported(&a, c);
        check_scale(comm, &config, c);
    }
    md_checkpoint_destroy(&c);
    free(a.command_line);
    return status;
}
