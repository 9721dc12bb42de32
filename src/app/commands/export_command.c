#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/shared_options.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/nn/schedule.h"

enum { FORMAT = 1, OUTPUT };

typedef struct arguments {
    const char *output;
    int format; /* md_export_format, -1: not given */
    md_error *err;
} arguments;

static const struct argp_option options[] = {
    {"format", FORMAT, "FORMAT", 0,
     "keras (model, weights and optimizer), weights.h5 (the same for load_weights) or npz (arrays)",
     0},
    {"output", OUTPUT, "PATH", 0, "the new file (default: named after FILE, in this folder)", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case FORMAT:
        return md_option_word("format", text, md_export_words, &a->format, a->err);
    case OUTPUT:
        a->output = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp md_export_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Writes a checkpoint as a file of Keras 3 or NumPy. Keras needs no export to load_model "
           "a checkpoint itself."};

/* runs/first/best.h5 becomes best.keras; runs/first, a folder, first.keras. */
static md_status default_output(const char *file, const char *checkpoint, const char *word,
                                char out[PATH_MAX], md_error *err)
{
    char path[PATH_MAX];
    int is_folder = strcmp(file, checkpoint) != 0;
    if (!is_folder)
        snprintf(path, sizeof path, "%s", file);
    else if (!realpath(file, path))
        return md_fail(err, MD_BAD_CHECKPOINT, "%s: the folder has no name; give --output", file);
    const char *name = basename(path);
    size_t length = strlen(name);
    if (!is_folder && length > 3 && strcmp(name + length - 3, ".h5") == 0)
        length -= 3;
    snprintf(out, PATH_MAX, "%.*s.%s", (int)length, name, word);
    return MD_OK;
}

static md_status check_output(const md_checkpoint *c, const char *name, const char *output,
                              md_error *err)
{
    const md_shared_options o = {.output = output};
    return md_check_outputs(&o, (const char *const[]){name, NULL}, c, err);
}

/* How the file is read in Python. */
static void print_use(const md_checkpoint *c, md_export_format format, const char *path)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    const md_tensor *first = &layout.tensors[0];
    printf("%s: ", path);
    switch (format) {
    case MD_EXPORT_KERAS:
        printf("keras.models.load_model(\"%s\")\n", path);
        break;
    case MD_EXPORT_WEIGHTS_H5:
        printf("model.load_weights(\"%s\")\n", path);
        break;
    case MD_EXPORT_NPZ:
        printf("numpy.load(\"%s\")[\"%s/%s\"]\n", path, c->model.layers[first->layer].name,
               first->role);
        break;
    }
}

/* In its first epoch a run does not tell how many steps one has; there are more than it has taken.
 */
static double next_rate(const md_checkpoint *c, const md_export_rate *rate)
{
    const double base = c->optimizer.learning_rate;
    const int64_t step = c->at.step;
    const int unknown = rate->schedule.kind == MD_SCHEDULE_COSINE && rate->total_steps == 0;
    const md_schedule_span span = {rate->steps_per_epoch > 0 ? rate->steps_per_epoch : step + 1,
                                   rate->total_steps};
    return step >= rate->schedule.warmup_steps && unknown
               ? base
               : md_schedule_rate(&rate->schedule, base, step, &span);
}

/* What of the run's configuration goes with its optimizer. */
static md_status read_training(md_checkpoint *c, md_export_rate *rate, md_error *err)
{
    md_config config;
    md_status status = md_checkpoint_config(c, &config, err);
    if (status)
        return status;
    c->optimizer.clip_norm = config.optimizer.clip_norm;
    *rate = (md_export_rate){.schedule = config.schedule};
    if (c->history_count > 0) {
        const md_epoch_row *last = &c->history[c->history_count - 1];
        rate->steps_per_epoch = last->step / last->epoch;
    }
    rate->total_steps = config.schedule.steps > 0 ? config.schedule.steps
                                                  : config.train.epochs * rate->steps_per_epoch;
    rate->next = next_rate(c, rate);
    return MD_OK;
}

md_status md_command_export(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    const char *file;
    char name[PATH_MAX], output[PATH_MAX];
    arguments a = {.format = -1, .err = err};
    md_checkpoint *c = NULL;
    md_export_rate rate;
    md_status status = md_options_parse(&md_export_argp, argc, argv, &a, &file, err);
    if (!status && a.format < 0)
        status = md_fail(err, MD_USAGE, "export needs --format keras, weights.h5 or npz");
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status && !a.output) {
        status = default_output(file, name, md_export_words[a.format], output, err);
        a.output = output;
    }
    if (!status)
        status = check_output(c, name, a.output, err);
    if (!status)
        status = read_training(c, &rate, err);
    if (!status)
        status = md_export(c, &rate, (md_export_format)a.format, a.output, err);
    if (!status)
        print_use(c, (md_export_format)a.format, a.output);
    md_checkpoint_destroy(&c);
    return status;
}
