#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/inputs.h"
#include "cli/shared_options.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/data/image.h"
#include "present/gnuplot.h"
#include "present/mosaic.h"
#include "present/predictions_file.h"
#include "present/sample_text.h"
#include "present/terminal.h"

enum { IMAGE = MD_OWN_OPTION, AS_IS, BAR_WIDTH = 40 };

typedef struct arguments {
    md_shared_options shared; /* index -1: not given */
    const char *image;
    int as_is;
} arguments;

static const struct argp_option options[] = {
    {"index", MD_OPTION_INDEX, "N", 0, "image N of the data set, from 0", 0},
    {"split", MD_OPTION_SPLIT, "SPLIT", 0, "test (default) or train, for --index and --output", 0},
    {"image", IMAGE, "PICTURE", 0, "a photo, scan or drawing of any size: PNG, JPEG, PNM ...", 0},
    {"as-is", AS_IS, NULL, 0,
     "take the picture's pixels untouched: of the model's size, ink bright", 0},
    {"output", MD_OPTION_OUTPUT, "OUT", 0, "the whole set, as .csv, .h5, or - for CSV on stdout",
     0},
    {"data", MD_OPTION_DATA, "PATH", 0, "data set, if not the run's own", 0},
    {"plot", MD_OPTION_PLOT, "OUT", 0,
     "write a picture of the image with the answer: .png, .svg or .pdf", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    if (key == AS_IS)
        a->as_is = 1;
    else if (key == IMAGE)
        a->image = text;
    else
        return md_shared_options_parse(key, text, state);
    return 0;
}

const struct argp md_predict_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE",
    .doc = "The most probable class and all probabilities, or the numbers that the model answers "
           "with: of one image or row of the data set (--index), of a picture (--image), or of the "
           "whole set (--output)."};

/* One sample and what the model makes of it. */
typedef struct answer {
    uint8_t *pixels;
    char name[PATH_MAX + 32];
    int actual;      /* class; -1: unknown */
    float *logits;   /* [outputs]; then probabilities, or numbers */
    float *targets;  /* [outputs], */
    int has_targets; /* if they are known */
} answer;

static void describe(const md_checkpoint *c, const answer *a, int digit, char *out, size_t size)
{
    char said[MD_CLASS_NAME], actual[MD_CLASS_NAME] = "";
    md_scale_class(&c->scale, (size_t)digit, said);
    if (a->actual >= 0)
        md_scale_class(&c->scale, (size_t)a->actual, actual);
    snprintf(out, size, "%s: predicted %s%s%s", a->name, said, actual[0] ? ", actual " : "",
             actual);
}

static void print_probability(const md_checkpoint *c, const md_terminal *t, int number, double p,
                              int chosen)
{
    char class[MD_CLASS_NAME];
    printf("  %3s  %.4f  ", md_scale_class(&c->scale, (size_t)number, class), p);
    md_terminal_colour(t, stdout, chosen ? MD_GREEN : MD_DIM);
    md_terminal_bar(t, stdout, p, BAR_WIDTH, 0);
    md_terminal_colour(t, stdout, MD_PLAIN);
    printf("\n");
}

static void print_classes(const md_checkpoint *c, const answer *a, int digit)
{
    char title[sizeof a->name + (size_t)3 * MD_CLASS_NAME];
    const md_terminal t = md_terminal_detect(stdout);
    const int classes = md_model_spec_classes(&c->model);
    describe(c, a, digit, title, sizeof title);
    printf("%s\n", title);
    if (md_model_spec_outputs(&c->model) == classes)
        for (int k = 0; k < classes; k++)
            print_probability(c, &t, k, (double)a->logits[k], k == digit);
    else
        for (int k = 0; k < classes; k++)
            print_probability(c, &t, k, k ? (double)a->logits[0] : 1.0 - (double)a->logits[0],
                              k == digit);
}

/* The labels that are found to be true. */
static void print_true(const md_checkpoint *c, const float *says)
{
    int any = 0;
    for (int k = 0; k < md_model_spec_outputs(&c->model); k++) {
        char name[MD_CLASS_NAME];
        if (says[k] > 0.5f)
            printf("%s %s", any++ ? "," : "", md_scale_class(&c->scale, (size_t)k, name));
    }
    if (!any)
        printf(" none");
}

static void print_labels(const md_checkpoint *c, const answer *a)
{
    const md_terminal t = md_terminal_detect(stdout);
    printf("%s: predicted", a->name);
    print_true(c, a->logits);
    if (a->has_targets) {
        printf("; actual");
        print_true(c, a->targets);
    }
    printf("\n");
    for (int k = 0; k < md_model_spec_outputs(&c->model); k++)
        print_probability(c, &t, k, (double)a->logits[k], a->logits[k] > 0.5f);
}

static void print_numbers(const md_checkpoint *c, const answer *a)
{
    const int outputs = md_model_spec_outputs(&c->model);
    printf("%s", a->name);
    for (int k = 0; k < outputs; k++) {
        char name[MD_CLASS_NAME];
        if (outputs == 1)
            printf(": ");
        else
            printf("\n  %3s  ", md_scale_class(&c->scale, (size_t)k, name));
        printf("predicted %.6g", (double)a->logits[k]);
        if (a->has_targets)
            printf(", actual %.6g", (double)a->targets[k]);
    }
    printf("\n");
}

static md_status draw_answer(const md_checkpoint *c, const answer *a, int digit,
                             const char *picture, md_error *err)
{
    char title[sizeof a->name + (size_t)3 * MD_CLASS_NAME];
    describe(c, a, digit, title, sizeof title);
    const md_figure figure = {a->pixels, (size_t)c->model.rows, (size_t)c->model.columns, title,
                              a->actual >= 0 && a->actual != digit};
    return md_figure_draw(&figure, picture, err);
}

/* Turns the logits into what they stand for. */
static md_status give_answer(const md_checkpoint *c, answer *a, const char *picture, md_error *err)
{
    const md_answer kind = md_model_spec_answer(&c->model);
    if (picture && kind != MD_ANSWER_CLASS)
        return md_fail(err, MD_USAGE,
                       "--plot %s: the picture of an image with its class, but this model answers "
                       "with %s",
                       picture, kind == MD_ANSWER_NUMBERS ? "numbers" : "labels");
    const int digit = kind == MD_ANSWER_CLASS ? (int)md_infer_class(&c->model, a->logits) : -1;
    md_model_answer(&c->model, a->logits, 1, a->logits);
    switch (kind) {
    case MD_ANSWER_CLASS:
        print_classes(c, a, digit);
        break;
    case MD_ANSWER_LABELS:
        print_labels(c, a);
        break;
    case MD_ANSWER_NUMBERS:
        print_numbers(c, a);
    }
    return picture ? draw_answer(c, a, digit, picture, err) : MD_OK;
}

static void ask(const md_inference *inference, const md_store *store, md_image_range image,
                answer *out)
{
    const int32_t *labels = md_store_labels(store, image.split);
    const float *targets = md_store_values(store, image.split);
    const size_t outputs = store->header->targets;
    md_infer_range(inference, image, out->logits);
    md_store_image(store, image.split, image.begin, out->pixels);
    out->actual = labels ? labels[image.begin] : -1;
    if (targets)
        memcpy(out->targets, targets + image.begin * outputs, outputs * sizeof *targets);
    out->has_targets = targets != NULL;
    md_sample_name(store, image.split, image.begin, out->name, sizeof out->name);
}

static md_status ask_of_index(md_comm *comm, const md_checkpoint *c, const arguments *a,
                              answer *out, md_error *err)
{
    const md_image_range image = {(md_split)a->shared.split, (size_t)a->shared.index, 1};
    md_data_choice choice;
    md_dataset *dataset = NULL;
    md_inference inference = {0};
    md_status status = md_choose_data(a->shared.data, c, &choice, err);
    if (!status)
        status = md_split_read(comm, &choice, image.split, &dataset, err);
    if (!status)
        status = md_open_inference(&c->model, c->parameters, dataset, choice.config.data.source,
                                   &inference, err);
    if (!status)
        status =
            md_check_index(dataset, image.split, choice.config.data.source, a->shared.index, err);
    if (!status)
        ask(&inference, md_dataset_store(dataset), image, out);
    md_inference_close(&inference);
    md_dataset_destroy(&dataset);
    return status;
}

static md_status ask_of_picture(const md_checkpoint *c, const arguments *a, answer *out,
                                md_error *err)
{
    const md_samples samples = {.shape = {(size_t)c->model.rows, (size_t)c->model.columns, {0, 1}},
                                .scale = c->scale,
                                .features = {NULL, out->pixels}};
    const md_image_use use = a->as_is ? MD_IMAGE_AS_IS : MD_IMAGE_FITTED;
    out->actual = -1;
    snprintf(out->name, sizeof out->name, "%s", a->image);
    md_status status = md_image_read(a->image, use, (size_t)c->model.rows, (size_t)c->model.columns,
                                     out->pixels, err);
    if (!status)
        status = md_infer_samples(&c->model, c->parameters, md_checkpoint_storage(c), &samples,
                                  out->logits, err);
    return status;
}

static md_status predict_one(md_comm *comm, const md_checkpoint *c, const arguments *a,
                             md_error *err)
{
    const size_t pixels = (size_t)c->model.rows * (size_t)c->model.columns;
    const size_t outputs = (size_t)md_model_spec_outputs(&c->model);
    answer shown = {0};
    md_status status = md_allocate((void **)&shown.pixels, pixels, 1, "an image", err);
    if (!status)
        status = md_allocate((void **)&shown.logits, outputs, sizeof(float), "logits", err);
    if (!status)
        status = md_allocate((void **)&shown.targets, outputs, sizeof(float), "targets", err);
    if (!status)
        status =
            a->image ? ask_of_picture(c, a, &shown, err) : ask_of_index(comm, c, a, &shown, err);
    if (!status)
        status = give_answer(c, &shown, a->shared.picture, err);
    free(shown.pixels);
    free(shown.logits);
    free(shown.targets);
    return status;
}

static md_status predict_all(md_comm *comm, const md_checkpoint *c, const arguments *a,
                             md_error *err)
{
    md_data_choice choice;
    const char *ending = strrchr(a->shared.output, '.');
    int h5 = ending && strcasecmp(ending, ".h5") == 0;
    int csv = strcmp(a->shared.output, "-") == 0 || (ending && strcasecmp(ending, ".csv") == 0);
    if (!h5 && !csv)
        return md_fail(err, MD_USAGE, "--output %s: .csv, .h5 or - (CSV on stdout) is needed",
                       a->shared.output);
    md_predictions predictions = {0};
    md_status status = md_choose_data(a->shared.data, c, &choice, err);
    if (!status)
        status =
            md_predictions_compute(comm, c, &choice, (md_split)a->shared.split, &predictions, err);
    if (!status && h5)
        status = md_predictions_write_h5(&predictions, a->shared.output, err);
    else if (!status)
        status = md_predictions_write_csv(&predictions, a->shared.output, err);
    md_predictions_clear(&predictions);
    return status;
}

md_status md_command_predict(md_comm *comm, int argc, char **argv, md_error *err)
{
    const char *file;
    char name[PATH_MAX];
    arguments a = {.shared = {.index = -1, .split = MD_SPLIT_TEST, .err = err}};
    md_checkpoint *c = NULL;
    md_status status = md_options_parse(&md_predict_argp, argc, argv, &a, &file, err);
    if (!status && (a.shared.index >= 0) + !!a.image + !!a.shared.output != 1)
        status = md_fail(err, MD_USAGE,
                         "predict needs one of --index N, --image PICTURE or --output OUT");
    if (!status && a.as_is && !a.image)
        status = md_fail(err, MD_USAGE, "--as-is is about a picture: --image PICTURE");
    if (!status && a.shared.picture && a.shared.output)
        status = md_fail(err, MD_USAGE,
                         "--plot %s: the picture of one image, for --index or --image; with "
                         "--output there are many",
                         a.shared.picture);
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = md_check_outputs(&a.shared, (const char *const[]){name, a.image, NULL}, c, err);
    if (!status)
        status = a.shared.output ? predict_all(comm, c, &a, err) : predict_one(comm, c, &a, err);
    md_checkpoint_destroy(&c);
    return status;
}
