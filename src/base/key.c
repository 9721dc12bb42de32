#include "mnist_dist/base/key.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"

const char *md_visible(const char *text)
{
    return text[0] ? text : "''";
}

/* Appends to a list of `MD_VALUE_SIZE` bytes, dropping what does not fit. */
static void append(char *out, const char *text)
{
    strncat(out, text, MD_VALUE_SIZE - 1 - strlen(out));
}

void md_key_list(const char *const *words, char out[MD_VALUE_SIZE])
{
    out[0] = '\0';
    for (size_t i = 0; words[i]; i++) {
        if (i > 0)
            append(out, words[i + 1] ? ", " : " or ");
        append(out, words[i]);
    }
}

void md_key_range(const md_key *key, char out[MD_VALUE_SIZE])
{
    out[0] = '\0';
    if (key->choices)
        md_key_list(key->choices, out);
    else if (key->type != MD_KEY_INTEGER && key->type != MD_KEY_REAL)
        return;
    else if (isinf(key->high))
        snprintf(out, MD_VALUE_SIZE, "%s %g", key->open & MD_OPEN_LOW ? "above" : "at least",
                 key->low);
    else
        snprintf(out, MD_VALUE_SIZE, "in %c%.10g, %.10g%c", key->open & MD_OPEN_LOW ? '(' : '[',
                 key->low, key->high, key->open & MD_OPEN_HIGH ? ')' : ']');
}

void md_key_expected(const md_key *key, char out[MD_VALUE_SIZE])
{
    static const char *const words[] = {[MD_KEY_INTEGER] = "a whole number",
                                        [MD_KEY_SEED] = "a whole number from 0 to 2^64 - 1",
                                        [MD_KEY_REAL] = "a number",
                                        [MD_KEY_SWITCH] = "true or false",
                                        [MD_KEY_TEXT] = "text",
                                        [MD_KEY_LAYERS] = "a list of layers"};
    if (key->choices)
        md_key_list(key->choices, out);
    else
        snprintf(out, MD_VALUE_SIZE, "%s", words[key->type]);
}

static int in_range(const md_key *key, double value)
{
    if (value < key->low || value > key->high)
        return 0;
    if (key->open & MD_OPEN_LOW && value <= key->low)
        return 0;
    return !(key->open & MD_OPEN_HIGH && value >= key->high);
}

static int is_choice(const char *choice, const char *text)
{
    const size_t length = strlen(choice), stem = length - 1;
    int64_t number;
    if (length < 2 || strcmp(choice + length - 2, ":N") != 0)
        return strcmp(choice, text) == 0;
    return strncmp(choice, text, stem) == 0 && md_parse_i64(text + stem, 1, INT64_MAX, &number);
}

/* Which of them it is, or -1. */
static int find_choice(const char *const *choices, const char *text)
{
    for (int i = 0; choices[i]; i++)
        if (is_choice(choices[i], text))
            return i;
    return -1;
}

/* What YAML can hold on one line: printable (YAML 1.1, 5.1) and no line break of any script. */
static int is_printable(const char *text)
{
    while (*text) {
        int32_t point = md_text_next_code_point(&text);
        int control = point < 0x20 || (point >= 0x7f && point < 0xa0);
        int line_break = point == 0x2028 || point == 0x2029;
        int unfit = point == 0xfeff || point == 0xfffe || point == 0xffff;
        if (control || line_break || unfit)
            return 0;
    }
    return 1;
}

static md_status fail_type(const md_key *key, const char *text, md_error *err)
{
    char expected[MD_VALUE_SIZE], snippet[MD_SNIPPET_SIZE];
    md_key_expected(key, expected);
    md_text_snippet(text, snippet);
    return md_fail(err, MD_USAGE, "%s must be %s, not '%s'", key->name, expected, snippet);
}

static md_status fail_range(const md_key *key, const char *text, md_error *err)
{
    char range[MD_VALUE_SIZE], snippet[MD_SNIPPET_SIZE];
    md_key_range(key, range);
    md_text_snippet(text, snippet);
    return md_fail(err, MD_USAGE, "%s is %s; it must be %s", key->name, snippet, range);
}

static md_status set_text(const md_key *key, char *member, const char *text, md_error *err)
{
    size_t length = strlen(text);
    if (length >= key->size)
        return md_fail(err, MD_USAGE, "%s is %zu bytes long; at most %zu are possible", key->name,
                       length, key->size - 1);
    if (length == 0 && !key->may_be_empty)
        return md_fail(err, MD_USAGE, "%s is empty; give it a value", key->name);
    if (!is_printable(text))
        return md_fail(err, MD_USAGE, "%s must be printable UTF-8 text in one line", key->name);
    memcpy(member, text, length + 1);
    return MD_OK;
}

/* Some structs keep small numbers as int; the range sees to it that they fit. */
static int is_int(const md_key *key)
{
    return key->size == sizeof(int);
}

static md_status set_integer(const md_key *key, void *member, const char *text, md_error *err)
{
    int64_t value;
    if (!md_parse_i64(text, INT64_MIN, INT64_MAX, &value))
        return fail_type(key, text, err);
    if (!in_range(key, (double)value))
        return fail_range(key, text, err);
    if (is_int(key))
        *(int *)member = (int)value;
    else
        *(int64_t *)member = value;
    return MD_OK;
}

/* The choice that a word means by now, said in one line; or -1. */
static int find_former(const md_key *key, const char *text)
{
    static const md_former *told;
    const md_former *former = key->former;
    while (former && former->word && strcmp(former->word, text) != 0)
        former++;
    if (!former || !former->word)
        return -1;
    if (told != former)
        md_info("%s: %s is now %s", key->name, text, key->choices[former->choice]);
    told = former;
    return former->choice;
}

static md_status set_choice(const md_key *key, int *member, const char *text, md_error *err)
{
    int choice = find_choice(key->choices, text);
    if (choice < 0)
        choice = find_former(key, text);
    if (choice < 0)
        return fail_type(key, text, err);
    *member = choice;
    return MD_OK;
}

static md_status set_real(const md_key *key, double *member, const char *text, md_error *err)
{
    double value;
    if (!md_parse_f64(text, &value))
        return fail_type(key, text, err);
    if (!in_range(key, value))
        return fail_range(key, text, err);
    *member = value;
    return MD_OK;
}

md_status md_key_set(const md_key *key, void *base, const char *text, md_error *err)
{
    void *member = (char *)base + key->offset;
    switch (key->type) {
    case MD_KEY_INTEGER:
        return set_integer(key, member, text, err);
    case MD_KEY_REAL:
        return set_real(key, member, text, err);
    case MD_KEY_SEED:
        return md_parse_u64(text, member) ? MD_OK : fail_type(key, text, err);
    case MD_KEY_SWITCH:
        return md_parse_bool(text, member) ? MD_OK : fail_type(key, text, err);
    case MD_KEY_CHOICE:
        return set_choice(key, member, text, err);
    case MD_KEY_WORD:
        return find_choice(key->choices, text) < 0 ? fail_type(key, text, err)
                                                   : set_text(key, member, text, err);
    case MD_KEY_TEXT:
        return set_text(key, member, text, err);
    case MD_KEY_LAYERS:
        break;
    }
    return fail_type(key, text, err);
}

/* The shortest decimal that reads back as the same double (%g drops zeros, so 6 digits are the
 * least to try). YAML 1.1 readers take 1e-07 for text, so an exponent is written as in 1.0e-7. */
static void format_real(double value, char out[MD_VALUE_SIZE])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, MD_VALUE_SIZE, "%.*g", digits, value);
        double back = strtod(out, NULL);
        if (memcmp(&back, &value, sizeof value) == 0)
            break;
    }
    char *exponent = strchr(out, 'e');
    if (!exponent)
        return;
    char power[MD_WORD_SIZE];
    snprintf(power, sizeof power, "%se%ld", strchr(out, '.') ? "" : ".0",
             strtol(exponent + 1, NULL, 10));
    strcpy(exponent, power);
}

/* "?", which no choice is, for a number that stands for none. */
static const char *choice_word(const char *const *choices, int choice)
{
    for (int i = 0; choices[i] && choice >= 0; i++)
        if (i == choice)
            return choices[i];
    return "?";
}

void md_key_format(const md_key *key, const void *base, char out[MD_VALUE_SIZE])
{
    const void *member = (const char *)base + key->offset;
    switch (key->type) {
    case MD_KEY_INTEGER:
        snprintf(out, MD_VALUE_SIZE, "%" PRId64,
                 is_int(key) ? *(const int *)member : *(const int64_t *)member);
        break;
    case MD_KEY_CHOICE:
        snprintf(out, MD_VALUE_SIZE, "%s", choice_word(key->choices, *(const int *)member));
        break;
    case MD_KEY_SEED:
        snprintf(out, MD_VALUE_SIZE, "%" PRIu64, *(const uint64_t *)member);
        break;
    case MD_KEY_REAL:
        format_real(*(const double *)member, out);
        break;
    case MD_KEY_SWITCH:
        snprintf(out, MD_VALUE_SIZE, "%s", *(const int *)member ? "true" : "false");
        break;
    case MD_KEY_WORD:
    case MD_KEY_TEXT:
        snprintf(out, MD_VALUE_SIZE, "%s", (const char *)member);
        break;
    case MD_KEY_LAYERS:
        out[0] = '\0';
        break;
    }
}

md_status md_key_check(const md_key *key, const void *base, md_error *err)
{
    char value[MD_VALUE_SIZE];
    _Alignas(8) char scratch[MD_VALUE_SIZE]; /* any member fits */
    if (key->type == MD_KEY_LAYERS)
        return MD_OK;
    md_key at = *key;
    at.offset = 0;
    md_key_format(key, base, value);
    return md_key_set(&at, scratch, value, err);
}

/* Text that every YAML reader takes for itself: a path or a word, and none of YAML's own. */
static int is_plain(const char *text)
{
    static const char *const taken[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcasecmp(text, taken[i]) == 0)
            return 0;
    size_t safe =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./");
    return (text[0] == '/' || isalpha((unsigned char)text[0])) && !text[safe];
}

static void write_quoted(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

void md_key_write(const md_key *key, const void *base, FILE *out)
{
    char value[MD_VALUE_SIZE];
    md_key_format(key, base, value);
    if ((key->type == MD_KEY_TEXT || key->choices) && !is_plain(value))
        write_quoted(value, out);
    else
        fputs(value, out);
}
