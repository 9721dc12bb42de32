#include "csv_cell.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "mnist_dist/base/parse.h"

enum { LONGEST_NUMBER = 64 };

/* Digits alone, which most cells of images are, are quick. */
static int parse_digits(const char *text, double *out)
{
    unsigned whole = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < 9; i++)
        whole = 10 * whole + (unsigned)(text[i] - '0');
    if (i == 0 || text[i])
        return 0;
    *out = whole;
    return 1;
}

static int parse_decimal_comma(const char *text, double *out)
{
    char copy[LONGEST_NUMBER];
    const char *comma = strchr(text, ',');
    if (!comma || strchr(comma + 1, ',') || strchr(text, '.') || strlen(text) >= sizeof copy)
        return 0;
    strcpy(copy, text);
    copy[comma - text] = '.';
    return md_parse_f64(copy, out);
}

static int is_one_of(const char *text, const char *const *words)
{
    while (*words && strcasecmp(text, *words) != 0)
        words++;
    return *words != NULL;
}

/* The length of what people write around the digits of a number, or between them. */
static size_t ornament(const char *at)
{
    static const char *const ornaments[] = {" ",
                                            ",",
                                            "'",
                                            "%",
                                            "$",
                                            "\xc2\xa0" /* a space that does not break */,
                                            "\xe2\x80\xaf",
                                            "\xc2\xa3" /* pound */,
                                            "\xc2\xa5" /* yen */,
                                            "\xe2\x82\xac" /* euro */,
                                            NULL};
    for (size_t i = 0; ornaments[i]; i++)
        if (strncmp(at, ornaments[i], strlen(ornaments[i])) == 0)
            return strlen(ornaments[i]);
    return 0;
}

/* Fortran's exponent, and Unicode's minus, are the usual ones to people. */
static int is_near_number(const char *text)
{
    static const char minus[] = "\xe2\x88\x92";
    char bare[LONGEST_NUMBER];
    size_t used = 0;
    double number;
    while (*text && used + 1 < sizeof bare) {
        const size_t skipped = ornament(text);
        const int is_minus = strncmp(text, minus, strlen(minus)) == 0;
        const int is_exponent =
            (*text == 'D' || *text == 'd') && (text[1] == '+' || text[1] == '-');
        if (skipped == 0)
            bare[used++] = (char)(is_minus ? '-' : is_exponent ? 'e' : *text);
        text += skipped ? skipped : is_minus ? strlen(minus) : 1;
    }
    bare[used] = '\0';
    return !*text && md_parse_f64(bare, &number);
}

md_csv_cell md_csv_cell_read(const char *text, int decimal_comma, double *out)
{
    static const char *const endless[] = {"nan", "inf", "infinity", NULL};
    static const char *const missing[] = {"",    "?",    "-",    "--",   ".",       "NA",
                                          "N/A", "#N/A", "null", "none", "missing", NULL};
    if (parse_digits(text, out) || md_parse_f64(text, out) ||
        (decimal_comma && parse_decimal_comma(text, out)))
        return MD_CSV_NUMBER;
    if (is_one_of(text + (*text == '-' || *text == '+'), endless))
        return MD_CSV_ENDLESS;
    if (is_one_of(text, missing))
        return MD_CSV_MISSING;
    return is_near_number(text) ? MD_CSV_NEAR_NUMBER : MD_CSV_WORD;
}
