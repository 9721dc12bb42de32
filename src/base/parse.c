#include "mnist_dist/base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* strto* skip leading blanks; a strict number starts with a digit, a sign or a point. */
static int starts_like_number(const char *text)
{
    return isdigit((unsigned char)*text) || *text == '-' || *text == '+' || *text == '.';
}

int md_parse_i64(const char *text, int64_t low, int64_t high, int64_t *out)
{
    if (!starts_like_number(text))
        return 0;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < low || value > high)
        return 0;
    *out = value;
    return 1;
}

int md_parse_u64(const char *text, uint64_t *out)
{
    if (!isdigit((unsigned char)*text))
        return 0;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end)
        return 0;
    *out = value;
    return 1;
}

int md_parse_f64(const char *text, double *out)
{
    if (!starts_like_number(text) || strpbrk(text, "xXpP"))
        return 0;
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    int overflow = errno == ERANGE && fabs(value) > 1.0;
    if (overflow || end == text || *end || !isfinite(value))
        return 0;
    *out = value;
    return 1;
}

int md_parse_bool(const char *text, int *out)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return 0;
    *out = text[0] == 't';
    return 1;
}
