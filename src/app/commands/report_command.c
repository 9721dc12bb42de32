#include "present/report.h"

#include <string.h>

#include "cli/shared_options.h"
#include "mnist_dist/rundir/folder.h"
#include "process/output.h"

static const struct argp_option options[] = {
    {"output", MD_OPTION_OUTPUT, "OUT", 0,
     "the page, or - for stdout; report.html beside FILE by default", 0},
    {"data", MD_OPTION_DATA, "PATH", 0, "data set, if not the run's own", 0},
    {0}};

const struct argp md_report_argp = {
    .options = options,
    .parser = md_shared_options_parse,
    .args_doc = "FILE",
    .doc = "Puts a run on one web page that stands alone: configuration, provenance, curves, "
           "confusion matrix and wrongest digits, or numbers against the truth, times of the "
           "ranks, digests. FILE is a checkpoint or an output folder. Says where the page is."};

static md_status predict(md_comm *comm, md_report *r, const char *data, md_error *err)
{
    md_data_choice choice;
    md_status status = md_choose_data(data, r->checkpoint, &choice, err);
    if (!status)
        status = md_predictions_compute(comm, r->checkpoint, &choice, MD_SPLIT_TEST,
                                        &r->predictions, err);
    if (!status)
        status =
            md_check_answers(r->predictions.dataset, MD_SPLIT_TEST, choice.config.data.source, err);
    if (status)
        md_predictions_clear(&r->predictions);
    return status;
}

/* The answers to the test set. A run's own data may be elsewhere, and the page says so; data named
 * by the user must be there. */
static md_status add_answers(md_comm *comm, md_report *r, const char *data, md_error *err)
{
    md_status status = predict(comm, r, data, err);
    if (!status && r->predictions.answer != MD_ANSWER_CLASS)
        return MD_OK;
    if (!status)
        return md_answers_count(&r->predictions, &r->answers, err);
    if (status != MD_BAD_DATA || data)
        return status;
    memcpy(r->absent, err->text, sizeof r->absent);
    md_warn("the page lacks %s (%s); name the data with --data", md_report_lacks(r), err->text);
    return MD_OK;
}

/* Where the page goes by default: beside the checkpoint. */
static md_status choose_place(const char *given, const char *name, char out[PATH_MAX],
                              md_error *err)
{
    const char *slash = strrchr(name, '/');
    int folder = slash ? (int)(slash - name) + 1 : 0;
    int length = given ? snprintf(out, PATH_MAX, "%s", given)
                       : snprintf(out, PATH_MAX, "%.*s" MD_FILE_REPORT, folder, name);
    if (length >= 0 && length < PATH_MAX)
        return MD_OK;
    return md_fail(err, MD_USAGE, "--output %.200s...: the path is too long", given ? given : name);
}

static void print(const void *report, FILE *out)
{
    md_report_print(report, out);
}

static md_status report(md_comm *comm, md_report *r, const md_shared_options *a, md_error *err)
{
    char place[PATH_MAX];
    md_status status = choose_place(a->output, r->name, place, err);
    if (!status)
        status = md_check_outputs(a, (const char *const[]){r->name, NULL}, r->checkpoint, err);
    if (!status && !a->output)
        status = md_folder_check_page(place, err);
    if (!status)
        status = md_checkpoint_config(r->checkpoint, &r->config, err);
    if (!status)
        status = md_ledger_newest(r->checkpoint, &r->ledger, err);
    if (!status)
        status = add_answers(comm, r, a->data, err);
    if (!status)
        status = md_output_print(place, print, r, err);
    if (!status && strcmp(place, "-") != 0)
        printf("%s\n", place);
    md_answers_clear(&r->answers);
    md_predictions_clear(&r->predictions);
    md_ledger_clear(&r->ledger);
    return status;
}

md_status md_command_report(md_comm *comm, int argc, char **argv, md_error *err)
{
    const char *file;
    char name[PATH_MAX];
    md_shared_options a = {.err = err};
    md_checkpoint *c = NULL;
    md_status status = md_options_parse(&md_report_argp, argc, argv, &a, &file, err);
    if (!status)
        status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = report(comm, &(md_report){.name = name, .checkpoint = c}, &a, err);
    md_checkpoint_destroy(&c);
    return status;
}
