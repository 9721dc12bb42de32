/* mnist_dist train: options to configuration, configuration to a run, a run to its result line. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/comm/reducer_list.h"
#include "mnist_dist/resilience/time_limit.h"
#include "mnist_dist/train/trainer.h"
#include "monitor/debug.h"
#include "monitor/progress.h"
#include "monitor/publisher.h"
#include "process/guard.h"
#include "process/signals.h"

enum {
    CONFIG = 1,
    SET,
    DATA,
    OUTPUT,
    EPOCHS,
    BATCH,
    RATE,
    SEED,
    REDUCER,
    RESUME,
    DEBUG,
    WAIT,
    QUIET,
    INJECT
};

/* Options that are short for a key of the configuration. */
static const struct {
    int option;
    const char *key;
} keys[] = {
    {DATA, "data.source"},           {OUTPUT, "checkpoint.output"},     {EPOCHS, "train.epochs"},
    {BATCH, "train.batch_size"},     {RATE, "optimizer.learning_rate"}, {SEED, "train.seed"},
    {REDUCER, "distributed.reducer"}};

#define SPACE_AND_NAME(ID, id, name, promise, how) " " name
static const struct argp_option options[] = {
    {"config", CONFIG, "FILE", 0, "read the configuration (YAML) from FILE", 0},
    {"set", SET, "KEY=VALUE", 0, "set any key, such as train.max_steps=100; may be repeated", 0},
    {"data", DATA, "PATH", 0,
     "folder with IDX files, .h5 file, .npz file, CSV file, or synthetic[:N]", 0},
    {"output", OUTPUT, "DIR", 0, "where checkpoints and history go", 0},
    {"epochs", EPOCHS, "N", 0, "passes over the training set", 0},
    {"batch-size", BATCH, "N", 0, "samples per step over all ranks", 0},
    {"learning-rate", RATE, "X", 0, "the optimizer's learning rate", 0},
    {"seed", SEED, "N", 0, "seed of weights, order and dropout", 0},
    {"reducer", REDUCER, "NAME", 0, "one of" MD_REDUCERS(SPACE_AND_NAME), 0},
    {"resume", RESUME, NULL, 0, "go on from the newest good checkpoint in DIR", 0},
    {"debug", DEBUG, NULL, 0, "check gradients, then report every step", 0},
    {"debug-wait", WAIT, NULL, 0, "wait for a debugger before the first step", 0},
    {"quiet", QUIET, NULL, 0, "no progress, only warnings and the result", 0},
    {"inject", INJECT, "FAULT@RANK:STEP", 0,
     "rehearse kill, stop, slow, nan, torn-file or enospc; STEP may be 'save'", 0},
    {0}};

typedef struct arguments {
    md_run_params run;
    char **assignments; /* one per option at most; every string is malloc'ed */
    int debug, wait, quiet, injecting;
    double limit; /* seconds that ranks may wait for each other at the start and at the end */
    md_fault inject;
    md_error *err;
} arguments;

static error_t assign(arguments *a, const char *key, const char *value)
{
    char *text;
    if (asprintf(&text, "%s%s%s", key, *key ? "=" : "", value) < 0)
        return ENOMEM;
    a->assignments[a->run.assignment_count++] = text;
    return 0;
}

static error_t take_config(arguments *a, const char *path)
{
    if (a->run.config_path) {
        md_fail(a->err, MD_USAGE, "--config %s: %s was given before, and there can be only one",
                path, a->run.config_path);
        return EINVAL;
    }
    a->run.config_path = path;
    return 0;
}

static error_t take_fault(arguments *a, const char *text)
{
    if (a->injecting) {
        md_fail(a->err, MD_USAGE, "--inject %s: %s was given before; rehearse one fault at a time",
                text, a->inject.text);
        return EINVAL;
    }
    a->injecting = 1;
    return md_fault_parse(text, &a->inject, a->err) ? EINVAL : 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].option == key)
            return assign(a, keys[i].key, text);
    switch (key) {
    case CONFIG:
        return take_config(a, text);
    case SET:
        return assign(a, "", text);
    case RESUME:
        a->run.resume = 1;
        return 0;
    case DEBUG:
        a->debug = 1;
        return 0;
    case WAIT:
        a->wait = 1;
        return 0;
    case QUIET:
        a->quiet = 1;
        return 0;
    case INJECT:
        return take_fault(a, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp md_train_argp = {
    .options = options,
    .parser = parse,
    .doc = "Trains a model over all ranks, saving a checkpoint at every epoch's end, and ends with "
           "one result line. Started again with --resume it goes on where it stopped."};

/* The one line that must not go missing unsaid, even when its reader has left. */
static md_status print_result(const md_model_spec *model, const md_train_result *r, md_error *err)
{
    printf("result: epochs=%lld steps=%lld ", (long long)r->epochs, (long long)r->steps);
    if (md_model_spec_answer(model) == MD_ANSWER_NUMBERS)
        printf("val_loss=%.6g val_mae=%.6g val_r2=%.4f", r->val_loss, r->val_mae, r->val_r2);
    else
        printf("val_loss=%.4f val_accuracy=%.4f", r->val_loss, r->val_accuracy);
    printf(" weights=xxh3:%016llx seconds=%.2f images_per_s=%.0f\n",
           (unsigned long long)r->weights_xxh3, r->seconds, r->images_per_second);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return MD_OK;
    return md_fail(err, MD_FAILED,
                   "standard output cannot be written: %s; the run is complete and saved, --resume "
                   "prints its result again",
                   strerror(errno));
}

/* MD_STOPPED with the line that says how to go on. */
static md_status say_stopped(const md_run *run, const md_train_result *result, const md_stop *stop,
                             md_error *err)
{
    char why[64] = "a signal to another rank", quoted[MD_QUOTED_SIZE];
    if (stop->requested)
        snprintf(why, sizeof why, "SIG%s", sigabbrev_np(stop->requested));
    else if (md_time_limit_over(stop->deadline))
        snprintf(why, sizeof why, "the time limit");
    return md_fail(err, MD_STOPPED,
                   "stopped by %s after step %lld of %lld; saved in %s, go on with: mnist_dist "
                   "train --output %s --resume",
                   why, (long long)result->steps, (long long)result->total_steps,
                   run->config.checkpoint.output,
                   md_text_quote(run->config.checkpoint.output, quoted));
}

/* The last word on a stalled run, and its end, while the main thread is blocked, perhaps in writing
 * to the same stderr, whose lock it then holds. A line that finds room at once is written at once.
 */
static void on_stall(const char *message, void *context)
{
    enum { MOST = 2 * MD_ERROR_TEXT, PATIENCE_MS = 500 };
    char line[MOST];
    (void)context;
    if (!message)
        _exit(MD_STALLED);
    snprintf(line, sizeof line, "mnist_dist: %s\n", message);
    struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};
    const ssize_t written =
        poll(&output, 1, PATIENCE_MS) == 1 ? write(STDERR_FILENO, line, strlen(line)) : 0;
    (void)written; /* nobody is left to tell */
}

/* The guard stands in where the watchdog does not look; the context is its limit. */
static void watched(int looking, void *context)
{
    const double *limit = context;
    md_guard(looking ? "training" : "leaving", looking ? 0.0 : *limit);
}

/* Start-up may take as long as any stall, and longer where it waits for the folder's lock. */
static double start_limit(const md_config *config, const arguments *a)
{
    const double stall = config->distributed.stall_timeout;
    const double usual = stall > MD_GUARD_START_S ? stall : MD_GUARD_START_S;
    return stall <= 0.0 || a->debug || a->wait ? 0.0 : usual + config->checkpoint.lock_wait;
}

static md_status train(md_comm *comm, md_run *run, arguments *a, const char *command_line,
                       md_error *err)
{
    md_progress progress = {0};
    md_publisher publisher;
    const md_observer observers[] = {a->debug ? md_debug_observer()
                                              : md_progress_start(&progress, a->quiet),
                                     md_publisher_start(&publisher)};
    md_stop *stop = md_signals_install();
    stop->deadline = md_time_limit_deadline(run->config.train.time_limit);
    if (run->folder && a->injecting)
        md_folder_set_hook(run->folder, md_fault_at_stage, &a->inject);
    const md_train_params params = {.command_line = command_line,
                                    .observers = observers,
                                    .observer_count = 2,
                                    .stop = stop,
                                    .inject = a->injecting ? &a->inject : NULL,
                                    .debug = a->debug,
                                    .watched = watched,
                                    .on_stall = on_stall,
                                    .context = &a->limit};
    md_train_result result = {0};
    md_status status = a->wait ? md_debug_wait(comm, err) : MD_OK;
    if (!status)
        status = md_train(comm, run, &params, &result, err);
    if (!status || status == MD_STOPPED)
        md_signals_unhurried(); /* all is saved */
    md_progress_stop(&progress);
    md_publisher_stop(&publisher, status);
    if (status == MD_STOPPED)
        return say_stopped(run, &result, stop, err);
    if (!status && md_comm_rank(comm) == 0)
        status = print_result(&run->config.model, &result, err);
    return status;
}

/* Everything from the configuration on; err tells what went wrong. */
static md_status configure_and_train(md_comm *comm, md_run *run, arguments *a,
                                     const char *command_line, md_error *err)
{
    md_guard("starting", a->debug || a->wait ? 0.0 : MD_GUARD_START_S);
    md_status status = md_run_configure(comm, &a->run, run, err);
    if (status)
        return status;
    a->limit = start_limit(&run->config, a);
    md_guard("starting", a->limit);
    a->run.stop = &md_signals_install()->requested;
    status = md_run_open(comm, &a->run, run, err);
    if (!status)
        status = train(comm, run, a, command_line, err);
    fflush(stdout);
    md_guard("leaving", a->limit);
    return status;
}

md_status md_command_train(md_comm *comm, int argc, char **argv, md_error *err)
{
    arguments a = {.err = err, .assignments = calloc((size_t)argc + 1, sizeof *a.assignments)};
    char *command_line = md_command_line("train", argc, argv);
    md_run run = {0};
    md_status status = MD_OK;
    if (!a.assignments || !command_line)
        status = md_fail_memory(err, "the command line", (unsigned long long)argc);
    else
        status = md_options_parse(&md_train_argp, argc, argv, &a, NULL, err);
    a.run.assignments = (const char *const *)a.assignments;
    if (a.quiet && md_comm_rank(comm) == 0)
        md_log_set_sink(md_log_warnings, NULL);
    status = md_agree(comm, status, err);
    if (!status)
        status = configure_and_train(comm, &run, &a, command_line, err);
    md_run_close(&run);
    for (size_t i = 0; i < a.run.assignment_count; i++)
        free(a.assignments[i]);
    free(a.assignments);
    free(command_line);
    return status;
}
