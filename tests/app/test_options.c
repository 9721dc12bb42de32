#include <string.h>

#include "cli/command.h"
#include "runner.h"

enum { COLOUR = 1, COUNT, CALM };

typedef struct arguments {
    int64_t count;
    int calm, colour;
    md_error *err;
} arguments;

static const char *const colours[] = {"red", "green", NULL};

static const struct argp_option options[] = {{"colour", COLOUR, "NAME", 0, "", 0},
                                             {"count", COUNT, "N", 0, "", 0},
                                             {"calm", CALM, NULL, 0, "", 0},
                                             {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case COLOUR:
        return md_option_word("colour", text, colours, &a->colour, a->err);
    case COUNT:
        return md_option_integer("count", text, 1, 9, &a->count, a->err);
    case CALM:
        a->calm = 1;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp two_files = {.options = options, .parser = parse, .args_doc = "A B"};

/* Parses the words of `line` after the command's name. */
static md_status parse_line(const char *line, arguments *a, const char *files[2], md_error *err)
{
    static char words[256];
    char *argv[16] = {"paint"}, *rest = NULL;
    int argc = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        argv[argc++] = w;
    *a = (arguments){.err = err};
    return md_options_parse(&two_files, argc, argv, a, files, err);
}

static void options_and_files_come_in_any_order(void)
{
    const char *const lines[] = {"--count 3 --colour green --calm one two",
                                 "one --count=3 two --calm --colour=green",
                                 "one two --cou 3 --col green --ca"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        arguments a;
        const char *files[2] = {NULL, NULL};
        md_error err = {0};
        CU_ASSERT_EQUAL(parse_line(lines[i], &a, files, &err), MD_OK);
        CU_ASSERT(a.count == 3 && a.calm && a.colour == 1);
        CU_ASSERT_STRING_EQUAL(files[0], "one");
        CU_ASSERT_STRING_EQUAL(files[1], "two");
    }
}

static void each_mistake_is_named(void)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"one two --clam", "unknown option --clam, did you mean --calm?"},
        {"one two --zzzzzzzz", "unknown option --zzzzzzzz; try: mnist_dist --help"},
        {"one two -q", "unknown option -q"},
        {"one two --count 2 -qv", "unknown option -qv"},
        {"one two --count", "option --count needs a value: --count N"},
        {"one two --calm=1", "option --calm takes no value"},
        {"one two --co 1", "--co may mean several"},
        {"one two --count 10", "--count 10: a whole number from 1 to 9"},
        {"one two --count 1x", "--count 1x: a whole number"},
        {"one two --colour blue", "--colour blue: one of red, green"},
        {"one", "paint needs a file: mnist_dist paint A B"},
        {"one two three", "unexpected argument three"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arguments a;
        const char *files[2];
        md_error err = {0};
        CU_ASSERT_EQUAL(parse_line(cases[i].line, &a, files, &err), MD_USAGE);
        if (!strstr(err.text, cases[i].words))
            CU_FAIL(cases[i].words);
    }
}

const char md_suite[] = "app.options";
CU_TestInfo md_tests[] = {
    {"options and files come in any order", options_and_files_come_in_any_order},
    {"each mistake is named", each_mistake_is_named},
    CU_TEST_INFO_NULL};
