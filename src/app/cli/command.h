/* The program's commands: one table, one way to parse options, one place that prints errors. */
#ifndef MNIST_DIST_APP_COMMAND_H
#define MNIST_DIST_APP_COMMAND_H

#include <argp.h>
#include <stdint.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/comm/comm.h"

/* argv[0] is the command's own name, or the program's when no command was given. A command that is
 * not for all ranks runs on rank 0, with a comm of rank 0 alone, while the others wait. An error
 * with an empty text is a verdict (diff's "different"), not a failure: nothing is printed for it.
 */
typedef struct md_command {
    const char *name;
    const char *help;           /* one line */
    const struct argp *options; /* args_doc names the files; also what --help prints */
    md_status (*run)(md_comm *comm, int argc, char **argv, md_error *err);
    int all_ranks;
} md_command;

/* Ends with a row without a name. */
extern const md_command md_commands[];

extern const struct argp md_train_argp, md_evaluate_argp, md_predict_argp, md_show_argp,
    md_plot_argp, md_report_argp, md_inspect_argp, md_verify_argp, md_diff_argp, md_export_argp,
    md_import_argp, md_watch_argp, md_prove_argp, md_selftest_argp;
md_status md_command_train(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_evaluate(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_predict(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_show(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_plot(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_report(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_inspect(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_verify(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_diff(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_export(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_import(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_watch(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_prove(md_comm *comm, int argc, char **argv, md_error *err);
md_status md_command_selftest(md_comm *comm, int argc, char **argv, md_error *err);

/* Collective. Finds argv's command and runs it; the status and text are the same on every rank. */
md_status md_run_command(md_comm *comm, int argc, char **argv, md_error *err);

/* Is argv a training run? Without a command it is. */
int md_is_train(int argc, char **argv);

/* --help and --version. A command of NULL stands for the whole program. */
void md_print_help(const md_command *command, FILE *out);
void md_print_version(FILE *out);

/* Parses argv with glibc's argp, but without its printing and exiting. `input` goes to the parser
 * as state->input; a parser that refuses a value puts the reason into the md_error it was given
 * there and returns EINVAL. files[] receives as many file names as argp->args_doc has words.
 * MD_USAGE naming the option, with the nearest known one. */
md_status md_options_parse(const struct argp *argp, int argc, char **argv, void *input,
                           const char **files, md_error *err);

/* The command line as one string, for provenance; malloc'ed, NULL when out of memory. */
char *md_command_line(const char *command, int argc, char **argv);

/* For parsers: 0, or EINVAL with a text naming the option. */
error_t md_option_integer(const char *option, const char *text, int64_t low, int64_t high,
                          int64_t *out, md_error *err);
/* text must be one of the NULL-terminated words; *out becomes its index. */
error_t md_option_word(const char *option, const char *text, const char *const *words, int *out,
                       md_error *err);

/* Sinks for md_log_set_sink: everything, or (for --quiet) warnings only, to stderr. */
void md_log_to_stderr(md_log_level level, const char *line, void *context);
void md_log_warnings(md_log_level level, const char *line, void *context);

#endif
