#include "csv_line.h"

#include <ctype.h>
#include <string.h>

size_t md_csv_skip_blank(const char *text, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t at = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    while (at < size && (text[at] == '\r' || text[at] == '\n'))
        at++;
    return at;
}

size_t md_csv_line_length(const char *text, size_t size)
{
    size_t i = 0;
    for (int quoted = 0; i < size && (quoted || (text[i] != '\n' && text[i] != '\r')); i++)
        quoted ^= text[i] == '"';
    return i;
}

/* Commas that are decimal, "5,1;3,5": one at most in each cell, between digits. */
static int has_decimal_commas(const char *text, size_t size, char separator)
{
    size_t commas = 0, cells = 1, in_cell = 0;
    for (size_t i = 0; i < size; i++) {
        cells += text[i] == separator;
        in_cell = text[i] == separator ? 0 : in_cell + (text[i] == ',');
        if (text[i] != ',')
            continue;
        commas++;
        if (in_cell > 1 || i == 0 || i + 1 == size || !isdigit((unsigned char)text[i - 1]) ||
            !isdigit((unsigned char)text[i + 1]))
            return 0;
    }
    return commas > 0 && cells > 1;
}

char md_csv_separator(const char *text, size_t size)
{
    static const char candidates[] = ";\t,";
    size_t most = 0;
    char best = 0;
    for (size_t k = 0; candidates[k]; k++) {
        size_t count = 0;
        int quoted = 0;
        for (size_t i = 0; i < size; i++) {
            quoted ^= text[i] == '"';
            count += !quoted && text[i] == candidates[k];
        }
        if (candidates[k] != ',' && has_decimal_commas(text, size, candidates[k]))
            return candidates[k];
        if (count > most || (count == most && count > 0 && candidates[k] == ',')) {
            most = count;
            best = candidates[k];
        }
    }
    return best;
}
