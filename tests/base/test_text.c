#include "mnist_dist/base/text.h"

#include <stdio.h>
#include <string.h>

#include "runner.h"

static void code_points_are_read_one_by_one(void)
{
    const int32_t points[] = {'a', 0xe9, 0x20ac, 0x1f600, 0x10ffff, 0xd7ff, 0xe000, 0};
    const char *text = "a\u00e9\u20ac\U0001f600\U0010ffff\xed\x9f\xbf\xee\x80\x80";
    for (size_t i = 0; points[i]; i++)
        CU_ASSERT_EQUAL(md_text_next_code_point(&text), points[i]);
    CU_ASSERT_EQUAL(*text, '\0');
}

/* Unicode 15, table 3-7, from both sides. */
static void what_is_not_utf8_is_not_stepped_over(void)
{
    const char *const bad[] = {"\x80",
                               "\xbf",
                               "\xc0\x80",
                               "\xc1\xbf",
                               "\xc3",
                               "\xc3(",
                               "\xe0\x9f\xbf",
                               "\xe2\x82",
                               "\xed\xa0\x80",
                               "\xed\xbf\xbf",
                               "\xf0\x8f\xbf\xbf",
                               "\xf0\x9f\x98",
                               "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80",
                               "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *at = bad[i];
        CU_ASSERT_EQUAL(md_text_next_code_point(&at), -1);
        CU_ASSERT_PTR_EQUAL(at, bad[i]);
    }
}

static void expect_printable(const char *text, const char *expected)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    md_text_make_printable(copy);
    CU_ASSERT_STRING_EQUAL(copy, expected);
}

static void what_a_terminal_would_obey_is_replaced(void)
{
    expect_printable("plain \u00e9\u20ac", "plain \u00e9\u20ac");
    expect_printable("\033[2Jx\r\n\t\177", "?[2Jx????");
    expect_printable("a\xc2\x9b"
                     "1mb",
                     "a?1mb"); /* CSI as one character */
    expect_printable("a\x9b\xff z\xe2\x82", "a?? z??");
    expect_printable("", "");
}

/* The judge is the shell itself. */
static void a_shell_takes_quoted_words_back(void)
{
    static const char *const words[] = {
        "o tl",   "",      "it's",    "'",      "$HOME `date` \\ \"x\"",
        "a\nb\t", "*?[a]", "~",       "#x",     "\303\274\344",
        "a=b;c",  "-x y",  "(1)&|<>", "!x{1,2}"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char quoted[MD_QUOTED_SIZE], command[MD_QUOTED_SIZE + 16], back[64] = "";
        snprintf(command, sizeof command, "printf %%s %s", md_text_quote(words[i], quoted));
        FILE *shell = popen(command, "r");
        CU_ASSERT_FATAL(shell != NULL);
        back[fread(back, 1, sizeof back - 1, shell)] = '\0';
        CU_ASSERT_EQUAL(pclose(shell), 0);
        CU_ASSERT_STRING_EQUAL(back, words[i]);
    }
}

static void plain_and_endless_words_stay_as_they_are(void)
{
    char quoted[MD_QUOTED_SIZE], endless[2 * MD_QUOTED_SIZE] = "";
    const char *plain = "runs/a-1.2_b:c@d%e+f,g=h";
    memset(endless, ' ', sizeof endless - 1);
    CU_ASSERT_PTR_EQUAL(md_text_quote(plain, quoted), plain);
    CU_ASSERT_PTR_EQUAL(md_text_quote(endless, quoted), endless);
}

static void snippets_are_cut_between_characters(void)
{
    char text[200] = "", out[MD_SNIPPET_SIZE];
    md_text_snippet("short\n", out);
    CU_ASSERT_STRING_EQUAL(out, "short?");
    memset(text, 'x', MD_SNIPPET_SIZE - 1);
    md_text_snippet(text, out);
    CU_ASSERT_STRING_EQUAL(out, text);
    memset(text, 'x', sizeof text - 1);
    md_text_snippet(text, out);
    CU_ASSERT_EQUAL(strlen(out), MD_SNIPPET_SIZE - 1);
    CU_ASSERT_STRING_EQUAL(out + MD_SNIPPET_SIZE - 5, "x...");
    memcpy(text + MD_SNIPPET_SIZE - 6, "\u20ac", 3);
    md_text_snippet(text, out);
    CU_ASSERT_STRING_EQUAL(out + MD_SNIPPET_SIZE - 7, "x...");
    memset(text, '\x80', sizeof text - 1);
    md_text_snippet(text, out);
    CU_ASSERT_EQUAL(strspn(out, "?"), MD_SNIPPET_SIZE - 8);
}

static void ascii_is_told_from_the_rest(void)
{
    CU_ASSERT(md_text_is_ascii("") && md_text_is_ascii("plain \177"));
    CU_ASSERT(!md_text_is_ascii("\u00e9") && !md_text_is_ascii("\xff"));
}

const char md_suite[] = "base.text";
CU_TestInfo md_tests[] = {
    {"code points are read one by one", code_points_are_read_one_by_one},
    {"what is not UTF-8 is not stepped over", what_is_not_utf8_is_not_stepped_over},
    {"what a terminal would obey is replaced", what_a_terminal_would_obey_is_replaced},
    {"snippets are cut between characters", snippets_are_cut_between_characters},
    {"a shell takes quoted words back", a_shell_takes_quoted_words_back},
    {"plain and endless words stay as they are", plain_and_endless_words_stay_as_they_are},
    {"ASCII is told from the rest", ascii_is_told_from_the_rest},
    CU_TEST_INFO_NULL};
