#include "shared_options.h"

#include "inputs.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/rundir/folder.h"
#include "present/gnuplot.h"

error_t md_shared_options_parse(int key, char *text, struct argp_state *state)
{
    md_shared_options *o = state->input;
    switch (key) {
    case MD_OPTION_DATA:
        o->data = text;
        return 0;
    case MD_OPTION_OUTPUT:
        o->output = text;
        return 0;
    case MD_OPTION_PLOT:
        return md_option_picture(text, &o->picture, o->err);
    case MD_OPTION_INDEX:
        return md_option_integer("index", text, 0, INT64_MAX, &o->index, o->err);
    case MD_OPTION_SPLIT:
        return md_option_word("split", text, md_split_words, &o->split, o->err);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int is_among(const char *path, const char *const *files)
{
    while (*files && !md_files_same(*files, path))
        files++;
    return *files != NULL;
}

static md_status check_output(const char *option, const char *path, const char *data,
                              const char *const *read, md_error *err)
{
    if (!path)
        return MD_OK;
    if (md_files_same(data, path) || is_among(path, read))
        return md_fail(err, MD_USAGE, "--%s %s: that is the file to be read; name another one",
                       option, path);
    return md_folder_keeps(path)
               ? md_fail(err, MD_USAGE,
                         "--%s %s: a run keeps its state in this folder under that name; name "
                         "another file",
                         option, path)
               : MD_OK;
}

md_status md_check_outputs(const md_shared_options *o, const char *const *read,
                           const md_checkpoint *c, md_error *err)
{
    md_config config;
    md_status status = md_checkpoint_config(c, &config, err);
    const char *data = o->data ? o->data : config.data.source;
    if (!status)
        status = check_output("output", o->output, data, read, err);
    return status ? status : check_output("plot", o->picture, data, read, err);
}
