#include <string.h>

#include "cli/command.h"
#include "present/chart.h"
#include "present/figures.h"
#include "present/gnuplot.h"

enum { PLOT = 1, KIND, DATA };

typedef enum kind { CURVES, ACCURACY, LOSS, GRID, CONFUSION, WEIGHTS } kind;
static const char *const kinds[] = {"curves",    "accuracy", "loss", "grid",
                                    "confusion", "weights",  NULL};

typedef struct arguments {
    const char *picture, *data;
    int kind;
    md_error *err;
} arguments;

static const struct argp_option options[] = {
    {"plot", PLOT, "OUT", 0, "write a picture: .png, .svg or .pdf", 0},
    {"kind", KIND, "KIND", 0,
     "curves (accuracy and loss; the default), accuracy, loss, grid (test images with answers, "
     "wrong ones first), confusion, or weights (of the first layer)",
     0},
    {"data", DATA, "PATH", 0, "data set for grid and confusion, if not the run's own", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case PLOT:
        return md_option_picture(text, &a->picture, a->err);
    case DATA:
        a->data = text;
        return 0;
    case KIND:
        return md_option_word("kind", text, kinds, &a->kind, a->err);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp md_plot_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Draws a run's history, in the terminal or as a picture. FILE is a checkpoint or "
           "an output folder."};

static md_status plot_curves(const md_checkpoint *c, const arguments *a, const char *name,
                             md_error *err)
{
    if (c->history_count == 0)
        return md_fail(err, MD_FAILED, "%s: no epoch is finished yet, so there is nothing to plot",
                       name);
    md_chart charts[2];
    size_t count = 0;
    if (a->kind != LOSS)
        md_chart_make(c, &md_chart_accuracy, &charts[count++]);
    if (a->kind != ACCURACY)
        md_chart_make(c, &md_chart_loss, &charts[count++]);
    if (!a->picture)
        return md_charts_print(charts, count, stdout, err);
    char title[MD_PATH_SIZE + 64];
    snprintf(title, sizeof title, "Training and validation of %s", name);
    return md_charts_draw(charts, count, title, a->picture, err);
}

static md_status plot_predictions(md_comm *comm, const md_checkpoint *c, const arguments *a,
                                  md_error *err)
{
    char source[MD_PATH_SIZE];
    md_predictions predictions = {0};
    md_status status = md_choose_source(a->data, c, source, err);
    if (!status)
        status = md_predictions_compute(comm, c, source, MD_SPLIT_TEST, &predictions, err);
    if (!status && a->kind == GRID)
        status = md_figure_grid(&predictions, a->picture, err);
    else if (!status)
        status = md_figure_confusion(&predictions, a->picture, err);
    md_predictions_clear(&predictions);
    return status;
}

static md_status plot(md_comm *comm, const md_checkpoint *c, const arguments *a, const char *name,
                      md_error *err)
{
    if (!a->picture && (a->kind == GRID || a->kind == WEIGHTS))
        return md_fail(err, MD_USAGE, "plot --kind %s needs a file for the picture: --plot out.png",
                       kinds[a->kind]);
    switch ((kind)a->kind) {
    case WEIGHTS:
        return md_figure_weights(c, a->picture, err);
    case GRID:
    case CONFUSION:
        return plot_predictions(comm, c, a, err);
    default:
        return plot_curves(c, a, name, err);
    }
}

md_status md_command_plot(md_comm *comm, int argc, char **argv, md_error *err)
{
    const char *file;
    char name[MD_PATH_SIZE];
    arguments a = {.err = err};
    md_checkpoint *c = NULL;
    md_status status = md_options_parse(&md_plot_argp, argc, argv, &a, &file, err);
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = plot(comm, c, &a, name, err);
    md_checkpoint_destroy(&c);
    return status;
}
