#include "cli/command.h"
#include "cli/inputs.h"
#include "present/canvas.h"
#include "present/figures.h"
#include "present/gnuplot.h"

enum { INDEX = 1, SPLIT, DATA, PLOT };

typedef struct arguments {
    const char *data, *picture;
    int64_t index;
    int split;
    md_error *err;
} arguments;

static const struct argp_option options[] = {
    {"index", INDEX, "N", 0, "which image, from 0 (default 0)", 0},
    {"split", SPLIT, "SPLIT", 0, "train (default) or test", 0},
    {"data", DATA, "PATH", 0, "data set (default data/mnist)", 0},
    {"plot", PLOT, "OUT", 0, "write a picture: .png, .svg or .pdf", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case INDEX:
        return md_option_integer("index", text, 0, INT64_MAX, &a->index, a->err);
    case SPLIT:
        return md_option_word("split", text, md_split_words, &a->split, a->err);
    case DATA:
        a->data = text;
        return 0;
    case PLOT:
        return md_option_picture(text, &a->picture, a->err);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp md_show_argp = {
    .options = options,
    .parser = parse,
    .doc = "Shows a sample with its label, in the terminal or as a picture."};

static md_status show(const md_samples *samples, const arguments *a, md_error *err)
{
    size_t index = (size_t)a->index;
    const uint8_t *image = samples->images + index * samples->rows * samples->columns;
    char title[64];
    snprintf(title, sizeof title, "%s image %zu: label %d", md_split_words[samples->split], index,
             samples->labels[index]);
    if (a->picture) {
        const md_figure figure = {image, samples->rows, samples->columns, title, 0};
        return md_figure_image(&figure, a->picture, err);
    }
    md_terminal terminal = md_terminal_detect(stdout);
    md_image_print(&terminal, image, samples->rows, samples->columns, stdout);
    printf("%s\n", title);
    return MD_OK;
}

md_status md_command_show(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    arguments a = {.split = MD_SPLIT_TRAIN, .err = err};
    char source[MD_PATH_SIZE];
    md_samples samples = {0};
    md_status status = md_options_parse(&md_show_argp, argc, argv, &a, NULL, err);
    if (!status)
        status = md_choose_source(a.data, NULL, source, err);
    if (!status)
        status = md_samples_read(source, (md_split)a.split, &samples, err);
    if (!status)
        status = md_samples_check_index(&samples, source, a.index, err);
    if (!status)
        status = show(&samples, &a, err);
    md_samples_clear(&samples);
    return status;
}
