/* mnist_dist prove: the promise of the exchange reducer, put to the test on the user's own
 * machine. Starts real runs through mpirun (or srun inside a Slurm job), kills and resumes some of
 * them, and compares the digests of their weights. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/inputs.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/comm/reducer_list.h"
#include "mnist_dist/rundir/folder.h"
#include "process/launch.h"
#include "process/signals.h"

enum { RANKS = 1, DATA, OUTPUT, CONFIG, SET };
enum { MAX_COUNTS = 16, MAX_RANKS = 4096, MAX_PASSED = 64, DIGEST_SIZE = 32 };

static const struct argp_option options[] = {
    {"ranks", RANKS, "N,N,...", 0, "rank counts to compare (default 1,2,4)", 0},
    {"data", DATA, "PATH", 0, "data to train on (default synthetic:2400)", 0},
    {"output", OUTPUT, "DIR", 0, "where the runs go (default runs/prove)", 0},
    {"config", CONFIG, "FILE", 0, "configuration of the runs", 0},
    {"set", SET, "KEY=VALUE", 0, "any key of the runs' configuration; may be repeated", 0},
    {0}};

typedef struct proof {
    int counts[MAX_COUNTS], count;
    const char *output, *config;    /* config: NULL where there is none */
    const char *passed[MAX_PASSED]; /* options handed to every run */
    int passed_count;
    char reference[DIGEST_SIZE]; /* the first run's digest */
    int differing;
    const volatile sig_atomic_t *stop; /* the signal that asked for it, or 0 */
    md_error *err;
} proof;

static error_t refuse_counts(proof *p, const char *text)
{
    md_fail(p->err, MD_USAGE, "--ranks %s: up to %d rank counts from 1 to %d, with commas between",
            text, MAX_COUNTS, MAX_RANKS);
    return EINVAL;
}

static error_t parse_counts(proof *p, const char *text)
{
    p->count = 0;
    while (1) {
        char word[16];
        size_t length = strcspn(text, ",");
        int64_t ranks;
        if (length >= sizeof word || p->count == MAX_COUNTS)
            return refuse_counts(p, text);
        memcpy(word, text, length);
        word[length] = '\0';
        if (!md_parse_i64(word, 1, MAX_RANKS, &ranks))
            return refuse_counts(p, text);
        p->counts[p->count++] = (int)ranks;
        if (!text[length])
            return 0;
        text += length + 1;
    }
}

static error_t pass_on(proof *p, const char *option, const char *value)
{
    if (p->passed_count + 2 > MAX_PASSED) {
        md_fail(p->err, MD_USAGE, "--%s %s: too many options", option + 2, value);
        return EINVAL;
    }
    p->passed[p->passed_count++] = option;
    p->passed[p->passed_count++] = value;
    return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    proof *p = state->input;
    switch (key) {
    case RANKS:
        return parse_counts(p, text);
    case DATA:
        return pass_on(p, "--data", text);
    case CONFIG:
        p->config = text;
        return pass_on(p, "--config", text);
    case SET:
        return pass_on(p, "--set", text);
    case OUTPUT:
        p->output = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp md_prove_argp = {
    .options = options,
    .parser = parse,
    .doc =
        "Trains a short run at several rank counts, straight through, killed and resumed, stopped "
        "and resumed, and compares the digests of the weights. Ends with PASS (exit code 0) or "
        "FAIL (1)."};

/* One training process of a case. */
typedef struct stage {
    int ranks;
    const char *fault; /* --inject, or NULL */
    int stop;          /* ask it to stop once it has saved */
    int resume;
} stage;

/* What went wrong with a run, in its own words. mpirun returns MD_FAILED for one that was stopped
 * as it should be. */
static md_status judge_end(const md_launch_end *end, const stage *s, const char *directory,
                           md_error *err)
{
    const int lowest = s->stop ? MD_USAGE : MD_FAILED;
    const int known = end->code >= lowest && end->code <= MD_BAD_CHECKPOINT;
    if (!end->error.text[0] || !(known || end->code == MD_STALLED))
        return MD_OK;
    /* Straight runs come first: what they did not complain of is the length. */
    if (s->fault && end->code == MD_USAGE)
        return md_fail(err, MD_USAGE,
                       "the run in %s is too short to be interrupted; give it more steps with "
                       "--set train.epochs=4",
                       directory);
    return md_fail(err, (md_status)end->code, "%s", end->error.text);
}

/* Each run says in its file on how many ranks it was. With the mpirun of another MPI every process
 * trains alone, and nothing would be compared. */
static md_status check_ranks(const stage *s, const char *directory, md_error *err)
{
    md_checkpoint *c;
    md_status status = md_open_checkpoint(directory, NULL, &c, err);
    if (status)
        return status;
    const int ranks = c->run_count ? c->runs[c->run_count - 1].ranks : 0;
    if (ranks != s->ranks)
        status = md_fail(err, MD_FAILED,
                         "nothing is proven: the run in %s was to be on %d rank%s and was on %d; "
                         "does mpirun belong to another MPI than this program's (mnist_dist "
                         "--version)? name the right one in the variable MPIRUN",
                         directory, s->ranks, s->ranks == 1 ? "" : "s", ranks);
    md_checkpoint_destroy(&c);
    return status;
}

/* As a shell tells of whom a signal ended. */
static md_status check_stop(const proof *p, md_error *err)
{
    const int number = *p->stop;
    return number ? md_fail(err, (md_status)(128 + number),
                            "stopped by SIG%s: nothing is proven; start it again",
                            sigabbrev_np(number))
                  : MD_OK;
}

/* Runs one stage into DIR; digest is empty unless it got to its end. */
static md_status run_stage(const proof *p, const char *directory, const stage *s, char *digest,
                           md_error *err)
{
    const char *arguments[MAX_PASSED + 16];
    int n = 0;
    arguments[n++] = "train";
    arguments[n++] = "--quiet";
    for (int i = 0; i < p->passed_count; i++)
        arguments[n++] = p->passed[i];
    arguments[n++] = "--reducer";
    arguments[n++] = md_reducer_abouts[MD_REDUCER_EXCHANGE].name;
    arguments[n++] = "--set"; /* also of ranks that share a CPU */
    arguments[n++] = "distributed.active_ranks=1000000";
    arguments[n++] = "--output";
    arguments[n++] = directory;
    if (s->resume)
        arguments[n++] = "--resume";
    if (s->fault) {
        arguments[n++] = "--inject";
        arguments[n++] = s->fault;
    }
    arguments[n] = NULL;
    char wait_for[PATH_MAX];
    md_files_join(directory, MD_FILE_LAST, wait_for);
    if (!s->resume)
        unlink(wait_for);
    const md_launch launch = {.ranks = s->ranks,
                              .arguments = arguments,
                              .log = directory,
                              .stop_when = s->stop ? wait_for : NULL,
                              .stop = p->stop};
    md_launch_end end;
    md_status status = check_stop(p, err);
    if (!status)
        status = md_launch_run(&launch, "weights=", &end, err);
    if (!status)
        status = check_stop(p, err);
    if (status)
        return status;
    sscanf(end.line, "weights=%31s", digest);
    status = judge_end(&end, s, directory, err);
    if (status || access(wait_for, F_OK) != 0)
        return status; /* run_case says that it did not get to its end */
    return check_ranks(s, directory, err);
}

/* Runs the stages one after another in a folder of their own and prints the table's row. */
static md_status run_case(proof *p, const char *name, const stage *stages, int count, md_error *err)
{
    char directory[PATH_MAX], digest[DIGEST_SIZE] = "", ranks[32] = "";
    snprintf(directory, sizeof directory, "%s/%s-%d", p->output, name, stages[0].ranks);
    for (int i = 0; i < count; i++) {
        digest[0] = '\0';
        md_status status = run_stage(p, directory, &stages[i], digest, err);
        if (status)
            return status;
        if (i + 1 < count && digest[0])
            return md_fail(err, MD_FAILED,
                           "the run in %s was to be interrupted but reached its end; give it more "
                           "steps with --set train.epochs=4",
                           directory);
        size_t used = strlen(ranks);
        snprintf(ranks + used, sizeof ranks - used, "%s%d", i ? " -> " : "", stages[i].ranks);
    }
    if (!digest[0])
        return md_fail(err, MD_FAILED,
                       "the run in %s did not reach its end; its messages are in %s/launch.log",
                       directory, directory);
    const int first = !p->reference[0];
    if (first) {
        memcpy(p->reference, digest, sizeof p->reference);
        printf("%-28s %-10s %-22s %s\n", "run", "ranks", "weights", "verdict");
    }
    const int same = strcmp(p->reference, digest) == 0;
    p->differing += !same;
    printf("%-28s %-10s %-22s %s\n", name, ranks, digest,
           first  ? "reference"
           : same ? "same"
                  : "DIFFERENT");
    fflush(stdout);
    return MD_OK;
}

static md_status run_cases(proof *p, md_error *err)
{
    md_status status = MD_OK;
    for (int i = 0; !status && !ferror(stdout) && i < p->count; i++)
        status = run_case(p, "straight", &(stage){.ranks = p->counts[i]}, 1, err);
    for (int i = 0; !status && !ferror(stdout) && i < p->count; i++) {
        const int here = p->counts[i], there = p->counts[(i + 1) % p->count];
        const stage killed[] = {{.ranks = here, .fault = "kill@0:17"},
                                {.ranks = there, .resume = 1}};
        const stage stopped[] = {{.ranks = here, .fault = "slow@0:1", .stop = 1},
                                 {.ranks = there, .resume = 1}};
        status = run_case(p, "killed-and-resumed", killed, 2, err);
        if (!status)
            status = run_case(p, "stopped-and-resumed", stopped, 2, err);
    }
    return status;
}

static const char *const defaults[] = {"data.source=synthetic:2400", "train.epochs=2",
                                       "train.batch_size=100", "checkpoint.every_steps=5"};
enum { DEFAULTS = sizeof defaults / sizeof *defaults };

/* The first that are passed on, but for what the user's file says. */
static void yield_defaults(proof *p, const md_config *config)
{
    for (int i = DEFAULTS - 1; i >= 0; i--) {
        char key[MD_VALUE_SIZE];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(defaults[i], "="), defaults[i]);
        if (!md_config_given(config, key))
            continue;
        const size_t at = 2 * (size_t)i;
        p->passed_count -= 2;
        memmove(p->passed + at, p->passed + at + 2,
                sizeof *p->passed * ((size_t)p->passed_count - at));
    }
}

/* What the user asks of the runs; nothing else than exchange could be proven. */
static md_status read_configuration(proof *p, md_error *err)
{
    md_config config = md_config_default();
    char *text = NULL;
    md_status status = MD_OK;
    if (p->config)
        status = md_config_read_file(p->config, &text, err);
    if (!status && p->config)
        status = md_config_parse(&config, text, p->config, err);
    free(text);
    if (!status)
        yield_defaults(p, &config);
    for (int i = 0; i < p->passed_count && !status; i += 2)
        if (strcmp(p->passed[i], "--set") == 0)
            status = md_config_set(&config, p->passed[i + 1], err);
    if (!status && md_config_given(&config, "distributed.reducer") &&
        config.distributed.reducer != MD_REDUCER_EXCHANGE)
        md_warn("reducer %s promises equal weights at one rank count only: the runs use %s instead",
                md_reducer_abouts[config.distributed.reducer].name,
                md_reducer_abouts[MD_REDUCER_EXCHANGE].name);
    return status;
}

md_status md_command_prove(md_comm *comm, int argc, char **argv, md_error *err)
{
    (void)comm;
    proof p = {.counts = {1, 2, 4}, .count = 3, .output = "runs/prove", .err = err};
    for (int i = 0; i < DEFAULTS; i++)
        pass_on(&p, "--set", defaults[i]);
    md_status status = md_options_parse(&md_prove_argp, argc, argv, &p, NULL, err);
    if (!status)
        status = read_configuration(&p, err);
    p.stop = &md_signals_install()->requested;
    md_signals_unhurried(); /* as the runs that it starts, which end within a second */
    if (!status)
        status = run_cases(&p, err);
    if (status)
        return status;
    if (ferror(stdout))
        return md_fail(err, MD_FAILED,
                       "nothing is proven: standard output cannot be written, the rest was left "
                       "out");
    if (p.differing)
        printf("FAIL: %d of %d runs differ from the reference\n", p.differing, 3 * p.count);
    else
        printf("PASS: %d runs, one digest\n", 3 * p.count);
    return p.differing ? md_fail(err, MD_FAILED, "%s", "") : MD_OK; /* said already */
}
