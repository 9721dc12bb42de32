#include "cli/shared_options.h"
#include "present/pictures/picture_kind.h"

enum { KIND = MD_OWN_OPTION };

typedef struct arguments {
    md_shared_options shared;
    int kind;
} arguments;

static const struct argp_option options[] = {
    {"plot", MD_OPTION_PLOT, "OUT", 0, "write a picture: .png, .svg or .pdf", 0},
    {"kind", KIND, "KIND", 0, "", 0},
    {"index", MD_OPTION_INDEX, "N", 0, "image N of the test set, from 0, for --kind features", 0},
    {"data", MD_OPTION_DATA, "PATH", 0, "data set of the test images, if not the run's own", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    if (key != KIND)
        return md_shared_options_parse(key, text, state);
    return md_option_word("kind", text, md_picture_words, &a->kind, a->shared.err);
}

static char *complete_help(int key, const char *text, void *input)
{
    (void)input;
    char *kinds = key == KIND ? md_picture_help() : NULL;
    return kinds ? kinds : (char *)text;
}

const struct argp md_plot_argp = {
    .options = options,
    .parser = parse,
    .help_filter = complete_help,
    .args_doc = "FILE",
    .doc = "Draws a run's history, in the terminal or as a picture. FILE is a checkpoint or "
           "an output folder."};

static md_status plot(md_comm *comm, const md_checkpoint *c, const arguments *a, const char *name,
                      md_error *err)
{
    const md_picture_kind *kind = md_picture_kinds[a->kind];
    md_data_choice choice;
    md_predictions predictions = {0};
    const md_picture_subject subject = {.name = name,
                                        .checkpoint = c,
                                        .predictions = kind->needs_data ? &predictions : NULL,
                                        .index = a->shared.index < 0 ? 0 : a->shared.index};
    md_status status = MD_OK;
    if (a->shared.index >= 0 && !kind->of_one_image)
        return md_fail(err, MD_USAGE,
                       "--index is for a picture of one image, not for plot --kind %s",
                       md_picture_words[a->kind]);
    const md_answer answer = md_model_spec_answer(&c->model);
    if (kind->answers && !(kind->answers & 1 << answer))
        return md_fail(
            err, MD_USAGE,
            "plot --kind %s: this model answers with %s; choose another kind, such as %s",
            md_picture_words[a->kind],
            answer == MD_ANSWER_CLASS    ? "classes"
            : answer == MD_ANSWER_LABELS ? "labels that can be true together"
                                         : "numbers",
            answer == MD_ANSWER_CLASS     ? "confusion"
            : answer == MD_ANSWER_NUMBERS ? "predicted or residuals"
                                          : "curves");
    if (!a->shared.picture && !kind->has_text)
        return md_fail(err, MD_USAGE, "plot --kind %s needs a file for the picture: --plot out.png",
                       md_picture_words[a->kind]);
    if (kind->needs_data)
        status = md_choose_data(a->shared.data, c, &choice, err);
    if (!status && kind->needs_data)
        status = md_predictions_compute(comm, c, &choice, MD_SPLIT_TEST, &predictions, err);
    if (!status && kind->needs_data && kind->answers)
        status =
            md_check_answers(predictions.dataset, MD_SPLIT_TEST, choice.config.data.source, err);
    if (!status)
        status = kind->draw(&subject, a->shared.picture, err);
    md_predictions_clear(&predictions);
    return status;
}

md_status md_command_plot(md_comm *comm, int argc, char **argv, md_error *err)
{
    const char *file;
    char name[PATH_MAX];
    arguments a = {.shared = {.index = -1, .err = err}};
    md_checkpoint *c = NULL;
    md_status status = md_options_parse(&md_plot_argp, argc, argv, &a, &file, err);
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = md_check_outputs(&a.shared, (const char *const[]){name, NULL}, c, err);
    if (!status)
        status = plot(comm, c, &a, name, err);
    md_checkpoint_destroy(&c);
    return status;
}
