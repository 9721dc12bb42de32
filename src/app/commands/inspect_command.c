#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/inputs.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/checkpoint/metric.h"
#include "mnist_dist/data/source.h"
#include "mnist_dist/rundir/folder.h"
#include "present/data_summary.h"
#include "present/history_table.h"
#include "present/layer_table.h"
#include "present/ledger.h"
#include "present/run_lines.h"

enum { SET = 1 };

typedef struct arguments {
    md_config config; /* of data */
    int set;          /* any key */
    md_error *err;
} arguments;

static const struct argp_option options[] = {
    {"set", SET, "KEY=VALUE", 0, "of data: set a key, such as data.target=price; may be repeated",
     0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    if (key != SET)
        return ARGP_ERR_UNKNOWN;
    a->set = 1;
    return md_config_set(&a->config, text, a->err) ? EINVAL : 0;
}

const struct argp md_inspect_argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FILE",
    .doc = "Shows what a checkpoint holds: the model, how far the run has come and how to "
           "go on with it, its history, and who made it where and with what. Of a data set "
           "(a folder with IDX files, .h5 file, .npz file, CSV file, synthetic[:N]): what is "
           "understood of it, and how it will be scaled and lie in memory."};

enum { LONGEST_TABLE = 40 }; /* history rows shown; the file and history.csv hold all */

static void print_model(const md_checkpoint *c)
{
    md_layout layout;
    md_model_spec_layout(&c->model, &layout);
    char input[MD_INPUT_TEXT], answer[MD_ANSWER_TEXT];
    printf("\nModel: %s, %s, %zu parameters\n", md_input_text(&c->model, input),
           md_answer_text(&c->model, answer), layout.parameters);
    md_layer_table_print(&c->model, stdout);
}

static void print_optimizer(const md_checkpoint *c)
{
    md_optimizer_spec spec = c->optimizer;
    double *value;
    const md_key *key;
    printf("\nOptimizer: %s, learning rate %g", md_optimizer_describe(spec.kind)->word,
           spec.learning_rate);
    for (int i = 0; (key = md_optimizer_hyper(&spec, i, &value)) != NULL; i++)
        printf("%s%s %g", i ? ", " : "\n  ", key->name, *value);
    if (c->at.iterations > c->at.step)
        printf("\n  imported after %lld steps", (long long)(c->at.iterations - c->at.step));
    printf("\n");
}

static void print_progress(const md_checkpoint *c, const md_config *config, const char *name)
{
    printf("\nProgress: step %lld, %lld of %lld epochs done, seed %llu", (long long)c->at.step,
           (long long)c->at.epoch, (long long)config->train.epochs, (unsigned long long)c->seed);
    if (c->at.step_in_epoch)
        printf(", %lld steps into epoch %lld", (long long)c->at.step_in_epoch,
               (long long)c->at.epoch + 1);
    printf("\n");
    const md_metric *metric = md_metric_of(&c->model);
    char best[MD_METRIC_TEXT];
    if (c->best_epoch)
        printf("  best %s %s in epoch %lld\n", metric->val_word,
               md_metric_text(metric, c->best, best), (long long)c->best_epoch);
    if (c->complete) {
        printf("  the run is complete\n");
        return;
    }
    char copy[PATH_MAX], quoted[MD_QUOTED_SIZE];
    snprintf(copy, sizeof copy, "%s", name);
    printf("  the run is not complete; go on with:\n    mnist_dist --resume --output %s\n",
           md_text_quote(dirname(copy), quoted));
}

/* Words in lines of at most 79 columns beside the label; a newline in the text is a new line. */
static void print_field(const char *label, const char *text, FILE *out)
{
    enum { INDENT = 13, WIDTH = 79 };
    int column = fprintf(out, "  %-10s", label);
    for (; *text; text += strspn(text, " ")) {
        int length = (int)strcspn(text, " \n");
        if (column > INDENT && column + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", INDENT - 1, "");
            column = INDENT - 1;
        }
        column += fprintf(out, " %.*s", length, text);
        text += length;
        if (*text == '\n') {
            text++;
            column = WIDTH;
        }
    }
    fprintf(out, "\n");
}

static void print_run(const md_run_record *run, size_t number)
{
    if (run->ranks == 0)
        printf("\nRun %zu: imported %s\n", number, run->saved);
    else
        printf("\nRun %zu: started %s, saved %s\n", number, run->started, run->saved);
    md_run_lines(run, print_field, stdout);
}

static void print_slow_ranks(const md_ledger *ledger)
{
    char text[MD_LEDGER_TEXT];
    for (size_t i = 0; i < ledger->count && md_ledger_is_slow(ledger, ledger->ranks[i]); i++) {
        md_ledger_describe(ledger, ledger->ranks[i], text);
        printf("\nSlow rank: %s\n", text);
    }
}

static md_status inspect(const md_checkpoint *c, const char *name, md_error *err)
{
    md_config config;
    md_ledger ledger;
    md_status status = md_checkpoint_config(c, &config, err);
    if (!status)
        status = md_ledger_newest(c, &ledger, err);
    if (status)
        return status;
    printf("%s\n  weights xxh3:%016llx\n  state   xxh3:%016llx\n", name,
           (unsigned long long)c->weights_xxh3, (unsigned long long)c->state_xxh3);
    print_model(c);
    print_optimizer(c);
    print_progress(c, &config, name);
    if (c->history_count) {
        printf("\nHistory:\n");
        md_history_print(c, LONGEST_TABLE, stdout);
    }
    print_slow_ranks(&ledger);
    md_ledger_clear(&ledger);
    for (size_t i = 0; i < c->run_count; i++)
        print_run(&c->runs[i], i + 1);
    return MD_OK;
}

static md_status inspect_checkpoint(const char *file, md_error *err)
{
    char name[PATH_MAX];
    md_checkpoint *c;
    md_status status = md_open_checkpoint(file, name, &c, err);
    if (!status)
        status = inspect(c, name, err);
    md_checkpoint_destroy(&c);
    return status;
}

static md_status inspect_data(const char *file, arguments *a, md_error *err)
{
    if (strlen(file) >= MD_PATH_SIZE)
        return md_fail(err, MD_USAGE, "%.200s...: the path is too long", file);
    memcpy(a->config.data.source, file, strlen(file) + 1);
    return md_data_summarize(&a->config, stdout, err);
}

md_status md_command_inspect(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    const char *file;
    arguments a = {.config = md_config_default(), .err = err};
    md_status status = md_options_parse(&md_inspect_argp, argc, argv, &a, &file, err);
    if (status)
        return status;
    struct stat info;
    const int folder = stat(file, &info) == 0 && S_ISDIR(info.st_mode);
    if (!(folder && md_folder_has_traces(file)) && md_source_holds(file))
        return inspect_data(file, &a, err);
    if (a.set)
        return md_fail(err, MD_USAGE, "--set is about a data set, but %s is none", file);
    return inspect_checkpoint(file, err);
}
