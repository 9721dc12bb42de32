/* The kinds of data sources, and the texts that list them. */
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/config/config.h"
#include "mnist_dist/data/source.h"
#include "runner.h"

static void leave_out(char *text, char sign)
{
    char *to = text;
    for (; *text; text++)
        if (*text != sign)
            *to++ = *text;
    *to = '\0';
}

/* Every form stands in the text, apart from Markdown's quotes. */
static void expect_forms(const char *name, md_bytes *text)
{
    leave_out((char *)text->data, '`');
    for (size_t i = 0; md_source_form(i); i++)
        if (!strstr((const char *)text->data, md_source_form(i))) {
            printf("\n  %s lacks '%s'\n", name, md_source_form(i));
            CU_FAIL("a kind of source is not listed");
        }
    md_bytes_free(text);
}

static void print_reference(const void *context, FILE *out)
{
    (void)context;
    md_config_print_reference(out);
    fputc('\0', out);
}

static void every_text_lists_every_kind(void)
{
    static const char *const names[] = {"README.md", "configs/mnist.yaml",
                                        "src/app/commands/train_command.c"};
    static const md_file_kind kind = {.what = "a text", .quote = "", .status = MD_FAILED};
    md_bytes text;
    CU_ASSERT_EQUAL_FATAL(md_bytes_print(print_reference, NULL, &text, NULL), MD_OK);
    expect_forms("the configuration's reference", &text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", MD_SOURCE, names[i]);
        CU_ASSERT_EQUAL_FATAL(md_bytes_read(path, &kind, &text, NULL, NULL), MD_OK);
        expect_forms(names[i], &text);
    }
}

static void what_no_kind_recognises_is_told_them_all(void)
{
    md_source *source;
    md_error err = {0};
    CU_ASSERT_EQUAL(md_source_open(&(md_source_wishes){.where = "/etc/passwd"}, &source, &err),
                    MD_BAD_DATA);
    CU_ASSERT_PTR_NULL(source);
    for (size_t i = 0; md_source_form(i); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, md_source_form(i)));
}

static void a_name_that_only_starts_like_a_kinds_is_a_folder(void)
{
    static const char *const names[] = {"synthetics", "synthetic.d", "x.h5x", "h5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        md_source *source;
        md_error err = {0};
        CU_ASSERT_EQUAL(md_source_open(&(md_source_wishes){.where = names[i]}, &source, &err),
                        MD_BAD_DATA);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no such folder"));
    }
}

const char md_suite[] = "data.sources";
CU_TestInfo md_tests[] = {
    {"every text lists every kind", every_text_lists_every_kind},
    {"what no kind recognises is told them all", what_no_kind_recognises_is_told_them_all},
    {"a name that only starts like a kind's is a folder",
     a_name_that_only_starts_like_a_kinds_is_a_folder},
    CU_TEST_INFO_NULL};
