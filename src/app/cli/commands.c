#include <string.h>

#include "command.h"
#include "mnist_dist/base/nearest.h"
#include "mnist_dist/comm/agree.h"
#include "process/launched.h"

const md_command md_commands[] = {
    {"train", "train a model (also without a command)", &md_train_argp, md_command_train, 1},
    {"evaluate", "loss, accuracy and confusion matrix on the test set", &md_evaluate_argp,
     md_command_evaluate, 1},
    {"predict", "digit and probabilities of an image, a picture or a whole set", &md_predict_argp,
     md_command_predict, 0},
    {"show", "a sample with its label", &md_show_argp, md_command_show, 0},
    {"plot", "curves, digits, confusions or weights, as text or picture", &md_plot_argp,
     md_command_plot, 0},
    {"report", "a run as one web page that stands alone", &md_report_argp, md_command_report, 0},
    {"inspect", "what a file holds: model, progress, history, provenance", &md_inspect_argp,
     md_command_inspect, 0},
    {"verify", "check every checksum, shape and golden image of a file", &md_verify_argp,
     md_command_verify, 0},
    {"diff", "are two runs the same, and where do they part?", &md_diff_argp, md_command_diff, 0},
    {"export", "a checkpoint as a file of Keras 3 or NumPy", &md_export_argp, md_command_export, 0},
    {"import", "a model of Keras as a checkpoint to use and to train on", &md_import_argp,
     md_command_import, 0},
    {"watch", "follow a run from another terminal", &md_watch_argp, md_command_watch, 0},
    {"prove", "prove on this machine that rank count and kills change no bit", &md_prove_argp,
     md_command_prove, 0},
    {"selftest", "is this machine's arithmetic the one that is promised?", &md_selftest_argp,
     md_command_selftest, 1},
    {0},
};

static const md_command *find_command(const char *name)
{
    for (const md_command *c = md_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static md_status refuse_command(const char *name, md_error *err)
{
    md_nearest nearest = md_nearest_start(name);
    for (const md_command *c = md_commands; c->name; c++)
        md_nearest_offer(&nearest, c->name);
    if (nearest.best[0])
        return md_fail(err, MD_USAGE, "unknown command %s, did you mean %s? try: mnist_dist --help",
                       name, nearest.best);
    return md_fail(err, MD_USAGE, "unknown command %s; try: mnist_dist --help", name);
}

static int asks_for(const char *option, const char *letter, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], option) == 0 || strcmp(argv[i], letter) == 0)
            return 1;
    return 0;
}

/* Rank 0 alone, with a communicator of its own. */
static md_status run_on_root(const md_command *command, int argc, char **argv, md_error *err)
{
    md_comm *alone = NULL;
    md_status status = md_comm_create(MPI_COMM_SELF, 0, &alone, err);
    if (!status)
        status = command->run(alone, argc, argv, err);
    md_comm_destroy(&alone);
    return status;
}

static md_status run_on_ranks(md_comm *comm, const md_command *command, int argc, char **argv,
                              md_error *err)
{
    if (!command->all_ranks)
        return md_comm_rank(comm) == 0 ? run_on_root(command, argc, argv, err) : MD_OK;
    md_status status = md_launched_check(comm, command->name, err);
    return status ? status : command->run(comm, argc, argv, err);
}

static const char *command_name(int argc, char **argv)
{
    return argc > 1 && argv[1][0] != '-' ? argv[1] : "train";
}

int md_is_train(int argc, char **argv)
{
    return strcmp(command_name(argc, argv), "train") == 0;
}

md_status md_run_command(md_comm *comm, int argc, char **argv, md_error *err)
{
    int first_rank = md_comm_rank(comm) == 0;
    int named = argc > 1 && argv[1][0] != '-';
    const md_command *command = find_command(command_name(argc, argv));
    err->text[0] = '\0';
    if (named && !command)
        return refuse_command(argv[1], err);
    if (asks_for("--help", "-h", argc, argv)) {
        if (first_rank)
            md_print_help(named ? command : NULL, stdout);
        return MD_OK;
    }
    if (asks_for("--version", "-V", argc, argv)) {
        if (first_rank)
            md_print_version(stdout);
        return MD_OK;
    }
    md_status status = run_on_ranks(comm, command, argc - named, argv + named, err);
    return status == MD_STALLED ? status : md_agree(comm, status, err);
}
