#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/inputs.h"
#include "cli/pixel_scale.h"
#include "cli/shared_options.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/data/image.h"
#include "present/gnuplot.h"
#include "present/mosaic.h"
#include "present/predictions_file.h"
#include "present/sample_text.h"
#include "present/terminal.h"

enum { IMAGE = MD_OWN_OPTION, AS_IS, RANGE, BAR_WIDTH = 40 };

typedef struct arguments {
    md_shared_options shared; /* index -1: not given */
    const char **images;      /* of --image, one after the other */
    int image_count, as_is;
    const char *range; /* NULL: the model's own */
} arguments;

static const struct argp_option options[] = {
    {"index", MD_OPTION_INDEX, "N", 0, "image N of the data set, from 0", 0},
    {"split", MD_OPTION_SPLIT, "SPLIT", 0, "test (default) or train, for --index and --output", 0},
    {"image", IMAGE, "PICTURE", 0,
     "a photo, scan or drawing of any size: PNG, JPEG, PNM ...; may be repeated", 0},
    {"as-is", AS_IS, NULL, 0,
     "take the picture's pixels untouched: of the model's size, ink bright", 0},
    {"range", RANGE, "PAPER:INK", 0,
     "what the model was trained on for the darkest and the brightest pixel, such as 0:1 or -1:1, "
     "where it does not know itself",
     0},
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
        a->images[a->image_count++] = text;
    else if (key == RANGE)
        a->range = text;
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
    size_t rows, columns; /* of them */
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
    const md_figure figure = {a->pixels, a->rows, a->columns, title,
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

/* The next letter of a name that is no digit. */
static char next_letter(const char **at)
{
    *at += strspn(*at, "0123456789");
    return **at == '\n' || !**at ? '\0' : *(*at)++;
}

/* Names that differ in their numbers only, such as pixel0, or none: what a table's do not. */
static int are_pixels(const char *names)
{
    for (const char *line = names; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        const char *first = names, *own = line;
        char letter;
        do {
            letter = next_letter(&first);
            if (next_letter(&own) != letter)
                return 0;
        } while (letter);
    }
    return 1;
}

/* A model of flat rows has seen images if they can have been square ones. */
static md_status find_size(const md_checkpoint *c, const char *image, answer *out, md_error *err)
{
    const size_t side = are_pixels(c->scale.feature_names) ? md_features_side(out->columns) : 0;
    char input[MD_INPUT_TEXT];
    if (out->rows > 1)
        return MD_OK;
    if (side == 0)
        return md_fail(err, MD_USAGE,
                       "--image %s: the model takes rows of %s, not images; give rows: --index N, "
                       "or --output OUT, of --data PATH",
                       image, md_input_text(&c->model, input));
    out->rows = out->columns = side;
    return MD_OK;
}

/* "PAPER:INK" */
static int parse_range(const char *text, double *paper, double *ink)
{
    char first[64];
    const size_t length = strcspn(text, ":");
    snprintf(first, sizeof first, "%.*s", (int)length, text);
    return length < sizeof first && text[length] == ':' && md_parse_f64(first, paper) &&
           md_parse_f64(text + length + 1, ink);
}

/* What grey 0 and 255 were when the model was trained. */
static md_status find_range(const md_checkpoint *c, const arguments *a, const char *image,
                            float *paper, float *ink, md_error *err)
{
    double given[2];
    if (a->range && !parse_range(a->range, &given[0], &given[1]))
        return md_fail(err, MD_USAGE, "--range %s: PAPER:INK is needed, two numbers, such as 0:1",
                       a->range);
    if (a->range) {
        *paper = (float)given[0];
        *ink = (float)given[1];
        return MD_OK;
    }
    if (md_scale_range(&c->scale, paper, ink))
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "--image %s: the model does not know between which numbers lay the pixels that "
                   "it was trained on; say so with --range PAPER:INK, such as 0:1, -1:1 or 0:255",
                   image);
}

/* Bytes as they are; what was no byte when the model was trained is none here. */
static md_status infer_picture(const md_checkpoint *c, const float range[2], answer *out,
                               md_error *err)
{
    const size_t count = out->rows * out->columns;
    float *values;
    md_samples samples = {.shape = {(size_t)c->model.rows, (size_t)c->model.columns, {0, 1}},
                          .scale = c->scale,
                          .features = {NULL, out->pixels}};
    md_status status =
        md_allocate((void **)&values, count, sizeof *values, "a picture's values", err);
    if (status)
        return status;
    if (range[0] < 0.0f || range[0] > 0.0f || range[1] < 255.0f || range[1] > 255.0f) {
        for (size_t i = 0; i < count; i++)
            values[i] = range[0] + (float)out->pixels[i] / 255.0f * (range[1] - range[0]);
        samples.element = MD_ELEMENT_F32;
        if (md_scale_is_open(c)) /* it is given floats as they are */
            samples.scale.kind = MD_SCALE_NONE;
        samples.features[MD_SPLIT_TEST] = values;
    }
    status = md_infer_samples(&c->model, c->parameters,
                              samples.element == MD_ELEMENT_U8 ? md_checkpoint_storage(c)
                                                               : MD_STORAGE_DENSE,
                              &samples, out->logits, err);
    free(values);
    return status;
}

static md_status ask_of_picture(const md_checkpoint *c, const arguments *a, const char *image,
                                answer *out, md_error *err)
{
    const md_image_use use = a->as_is ? MD_IMAGE_AS_IS : MD_IMAGE_FITTED;
    float range[2];
    out->actual = -1;
    snprintf(out->name, sizeof out->name, "%s", image);
    md_status status = find_size(c, image, out, err);
    if (!status)
        status = find_range(c, a, image, &range[0], &range[1], err);
    if (!status)
        status = md_image_read(image, use, out->rows, out->columns, out->pixels, err);
    return status ? status : infer_picture(c, range, out, err);
}

/* Of a picture, or of the data set where that is NULL. */
static md_status predict_one(md_comm *comm, const md_checkpoint *c, const arguments *a,
                             const char *image, md_error *err)
{
    const size_t pixels = (size_t)c->model.rows * (size_t)c->model.columns;
    const size_t outputs = (size_t)md_model_spec_outputs(&c->model);
    answer shown = {.rows = (size_t)c->model.rows, .columns = (size_t)c->model.columns};
    md_status status = md_allocate((void **)&shown.pixels, pixels, 1, "an image", err);
    if (!status)
        status = md_allocate((void **)&shown.logits, outputs, sizeof(float), "logits", err);
    if (!status)
        status = md_allocate((void **)&shown.targets, outputs, sizeof(float), "targets", err);
    if (!status)
        status = image ? ask_of_picture(c, a, image, &shown, err)
                       : ask_of_index(comm, c, a, &shown, err);
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

static md_status predict_images(md_comm *comm, const md_checkpoint *c, const arguments *a,
                                md_error *err)
{
    md_status status = MD_OK;
    for (int i = 0; i < a->image_count && !status; i++)
        status = predict_one(comm, c, a, a->images[i], err);
    return status;
}

static md_status check_arguments(const arguments *a, md_error *err)
{
    if ((a->shared.index >= 0) + (a->image_count > 0) + !!a->shared.output != 1)
        return md_fail(err, MD_USAGE,
                       "predict needs one of --index N, --image PICTURE or --output OUT");
    if (a->as_is && a->image_count == 0)
        return md_fail(err, MD_USAGE, "--as-is is about a picture: --image PICTURE");
    if (a->range && a->image_count == 0)
        return md_fail(err, MD_USAGE, "--range is about a picture: --image PICTURE");
    if (a->shared.picture && (a->shared.output || a->image_count > 1))
        return md_fail(err, MD_USAGE,
                       "--plot %s: the picture of one image, for --index or one --image; with "
                       "--output there are many",
                       a->shared.picture);
    return MD_OK;
}

md_status md_command_predict(md_comm *comm, int argc, char **argv, md_error *err)
{
    const char *file;
    char name[PATH_MAX];
    arguments a = {.shared = {.index = -1, .split = MD_SPLIT_TEST, .err = err}};
    md_checkpoint *c = NULL;
    const char **files; /* the model and the pictures */
    md_status status =
        md_allocate((void **)&files, (size_t)argc + 2, sizeof *files, "names of files", err);
    if (!status) {
        files[0] = name;
        a.images = files + 1;
        status = md_options_parse(&md_predict_argp, argc, argv, &a, &file, err);
    }
    if (!status)
        status = check_arguments(&a, err);
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = md_check_outputs(&a.shared, files, c, err);
    if (!status && a.shared.output)
        status = predict_all(comm, c, &a, err);
    else if (!status)
        status = a.image_count > 0 ? predict_images(comm, c, &a, err)
                                   : predict_one(comm, c, &a, NULL, err);
    md_checkpoint_destroy(&c);
    free(files);
    return status;
}
