#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "mnist_dist/base/nearest.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"

/* A parser around the command's own, which learns at which argument argp gave up. */
typedef struct outer {
    void *input;
    const char *stopped, *following;
} outer;

static error_t parse_outer(int key, char *text, struct argp_state *state)
{
    (void)text;
    outer *o = state->input;
    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = o->input;
    else if (key == ARGP_KEY_ERROR) {
        o->stopped = state->next > 0 ? state->argv[state->next - 1] : NULL;
        o->following = state->next < state->argc ? state->argv[state->next] : NULL;
    } else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp_option *options_of(const struct argp *argp)
{
    static const struct argp_option none[] = {{0}};
    return argp->options ? argp->options : none;
}

/* The option meant by `name`, which may be shortened as long as only one fits. */
static const struct argp_option *find_option(const struct argp_option *options, const char *name,
                                             size_t length, int *fitting)
{
    const struct argp_option *found = NULL;
    *fitting = 0;
    for (const struct argp_option *o = options; o->name || o->doc; o++) {
        if (!o->name || strncmp(o->name, name, length) != 0)
            continue;
        found = o;
        (*fitting)++;
        if (!o->name[length]) {
            *fitting = 1;
            break;
        }
    }
    return found;
}

static md_status refuse_unknown(const struct argp *argp, const char *word, md_error *err)
{
    md_nearest nearest = md_nearest_start(word + strspn(word, "-"));
    for (const struct argp_option *o = options_of(argp); o->name || o->doc; o++)
        if (o->name)
            md_nearest_offer(&nearest, o->name);
    md_nearest_offer(&nearest, "help");
    if (nearest.best[0])
        return md_fail(err, MD_USAGE,
                       "unknown option %s, did you mean --%s? try: mnist_dist --help", word,
                       nearest.best);
    return md_fail(err, MD_USAGE, "unknown option %s; try: mnist_dist --help", word);
}

/* Says what is wrong with an option that argp refused; MD_OK when this one is not to blame. */
static md_status explain(const struct argp *argp, const char *word, md_error *err)
{
    if (!word || word[0] != '-' || !word[1])
        return MD_OK;
    size_t length = strcspn(word, "=");
    int fitting = 0;
    const struct argp_option *o = NULL;
    if (word[1] == '-')
        o = find_option(options_of(argp), word + 2, length - 2, &fitting);
    if (!o)
        return refuse_unknown(argp, word, err);
    if (fitting > 1)
        return md_fail(err, MD_USAGE, "option %s may mean several; try: mnist_dist --help", word);
    if (o->arg && !word[length])
        return md_fail(err, MD_USAGE, "option --%s needs a value: --%s %s", o->name, o->name,
                       o->arg);
    if (!o->arg && word[length])
        return md_fail(err, MD_USAGE, "option --%s takes no value, but %s was given", o->name,
                       word);
    return MD_OK;
}

static md_status refuse(const struct argp *argp, const outer *o, const char *command, md_error *err)
{
    /* getopt has moved past a whole option, but not past one of several letters. */
    md_status status = explain(argp, o->stopped, err);
    if (!status)
        status = explain(argp, o->following, err);
    if (!status)
        status = md_fail(err, MD_USAGE, "%s: bad option; try: mnist_dist --help", command);
    return status;
}

/* The words of args_doc are the files a command needs; argp has moved them behind all options. */
static md_status take_files(const struct argp *argp, int argc, char **argv, int first,
                            const char **files, md_error *err)
{
    int wanted = 0;
    for (const char *p = argp->args_doc ? argp->args_doc : ""; *p; p += strcspn(p, " ")) {
        p += strspn(p, " ");
        wanted++;
    }
    if (argc - first < wanted)
        return md_fail(err, MD_USAGE, "%s needs a file: mnist_dist %s %s", argv[0], argv[0],
                       argp->args_doc);
    if (argc - first > wanted)
        return md_fail(err, MD_USAGE,
                       "unexpected argument %s (a command is the first word); try: mnist_dist "
                       "--help",
                       argv[first + wanted]);
    for (int i = 0; i < wanted; i++)
        files[i] = argv[first + i];
    return MD_OK;
}

md_status md_options_parse(const struct argp *argp, int argc, char **argv, void *input,
                           const char **files, md_error *err)
{
    static const unsigned quietly = ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP;
    const struct argp_child children[] = {{.argp = argp}, {0}};
    const struct argp whole = {.parser = parse_outer, .children = children};
    outer o = {.input = input};
    int first = argc;
    err->text[0] = '\0';
    error_t code = argp_parse(&whole, argc, argv, quietly, &first, &o);
    if (code && err->text[0])
        return MD_USAGE;
    if (code == ENOMEM)
        return md_fail_memory(err, "the command line", 0);
    if (code)
        return refuse(argp, &o, argv[0], err);
    return take_files(argp, argc, argv, first, files, err);
}

char *md_command_line(const char *command, int argc, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    char quoted[MD_QUOTED_SIZE];
    fprintf(stream, "mnist_dist %s", command);
    for (int i = 1; i < argc; i++)
        fprintf(stream, " %s", md_text_quote(argv[i], quoted));
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

error_t md_option_integer(const char *option, const char *text, int64_t low, int64_t high,
                          int64_t *out, md_error *err)
{
    if (md_parse_i64(text, low, high, out))
        return 0;
    if (high == INT64_MAX)
        md_fail(err, MD_USAGE, "--%s %s: a whole number from %lld is needed", option, text,
                (long long)low);
    else
        md_fail(err, MD_USAGE, "--%s %s: a whole number from %lld to %lld is needed", option, text,
                (long long)low, (long long)high);
    return EINVAL;
}

error_t md_option_word(const char *option, const char *text, const char *const *words, int *out,
                       md_error *err)
{
    char list[256] = "";
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return 0;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", words[i]);
    }
    md_fail(err, MD_USAGE, "--%s %s: one of %s is needed", option, text, list);
    return EINVAL;
}
