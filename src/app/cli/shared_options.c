#include "shared_options.h"

#include "inputs.h"
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
