/* The options that several commands have; each command lists those of them that it takes, with its
 * own help. */
#ifndef MNIST_DIST_APP_SHARED_OPTIONS_H
#define MNIST_DIST_APP_SHARED_OPTIONS_H

#include "command.h"
#include "mnist_dist/checkpoint/checkpoint.h"

/* Keys of a command's table; those of its own options begin at MD_OWN_OPTION. */
enum {
    MD_OPTION_DATA = 1,
    MD_OPTION_OUTPUT,
    MD_OPTION_PLOT,
    MD_OPTION_INDEX,
    MD_OPTION_SPLIT,
    MD_OWN_OPTION
};

/* NULL: not given. */
typedef struct md_shared_options {
    const char *data, *output, *picture;
    int64_t index;
    int split; /* md_split */
    md_error *err;
} md_shared_options;

/* An argp parser whose input is an md_shared_options, or a struct that begins with one: then the
 * command's own parser hands on the keys that it does not know. */
error_t md_shared_options_parse(int key, char *text, struct argp_state *state);

/* MD_USAGE when --output or --plot would replace what is read: the files `read` (ends with NULL),
 * the data set of `c` unless --data names another, or any file that a run keeps in its folder. */
md_status md_check_outputs(const md_shared_options *o, const char *const *read,
                           const md_checkpoint *c, md_error *err);

#endif
