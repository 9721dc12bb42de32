#include <stdio.h>
#include <string.h>

#include "command.h"
#include "mnist_dist/hdf5/hdf5_version.h"
#include "mnist_dist/nn/kernels.h"
#include "mnist_dist/version.h"

static const char introduction[] =
    "Trains a neural network on MNIST with any number of MPI ranks; the numbers do\n"
    "not depend on how many. Without a command it trains.\n";

static const char examples[] =
    "Examples:\n"
    "  mpirun -np 4 mnist_dist --data data/mnist     train into runs/mnist\n"
    "  mpirun -np 4 mnist_dist --resume              go on after an interruption\n"
    "  mnist_dist --set train.max_steps=100 --quiet  any configuration key\n"
    "  mnist_dist plot runs/mnist --plot curves.png  what it learned, as a picture\n"
    "  mnist_dist predict runs/mnist --index 0       one test image\n"
    "  mnist_dist diff runs/mnist runs/other         the same run, bit for bit?\n"
    "\n"
    "mnist_dist COMMAND --help tells more. FILE may also be an output folder: its\n"
    "last.h5. Exit codes: 0 done, 1 failed, 2 usage, 3 data, 4 checkpoint, 75 stopped\n"
    "on request (go on with --resume), 76 stalled rank, 130 interrupted twice.\n";

static void print_commands(FILE *out)
{
    fprintf(out, "Commands:\n");
    for (const md_command *c = md_commands; c->name; c++) {
        char usage[32];
        snprintf(usage, sizeof usage, "%s %s", c->name,
                 c->options->args_doc ? c->options->args_doc : "");
        fprintf(out, "  %-14s %s\n", usage, c->help);
    }
}

static void print_options(const struct argp *options, unsigned parts, FILE *out)
{
    static const struct argp_option common[] = {
        {"help", 'h', NULL, 0, "print this text", -1},
        {"version", 'V', NULL, 0, "print the versions of program and libraries", -1},
        {0},
    };
    const struct argp_child children[] = {{.argp = options}, {0}};
    const struct argp whole = {.options = common, .children = children};
    char name[] = "mnist_dist";
    argp_help(&whole, out, parts, name);
}

static void print_program_help(FILE *out)
{
    fprintf(out, "Usage: mnist_dist [COMMAND] [FILE] [OPTION...]\n\n%s\n", introduction);
    print_commands(out);
    for (const md_command *c = md_commands; c->name; c++)
        if (strcmp(c->name, "train") == 0) {
            fprintf(out, "\nOptions of train:\n");
            print_options(c->options, ARGP_HELP_LONG, out);
        }
    fprintf(out, "\n%s", examples);
}

void md_print_help(const md_command *command, FILE *out)
{
    if (!command) {
        print_program_help(out);
        return;
    }
    const struct argp *options = command->options;
    fprintf(out, "Usage: mnist_dist %s %s%s[OPTION...]\n\n", command->name,
            options->args_doc ? options->args_doc : "", options->args_doc ? " " : "");
    print_options(options, ARGP_HELP_PRE_DOC | ARGP_HELP_LONG, out);
}

void md_print_version(FILE *out)
{
    fprintf(out, "mnist_dist %s\n", MD_VERSION);
    fprintf(out, "MPI      %s\n", md_mpi_version());
    fprintf(out, "HDF5     %s\n", md_hdf5_version());
    fprintf(out, "BLAS     none: the products are the program's own\n");
    fprintf(out, "kernels  %s\n", md_kernels_get()->name);
}
