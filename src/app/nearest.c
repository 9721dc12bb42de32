#include <string.h>

#include "command.h"

enum { LONGEST = 32 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time; words beyond LONGEST are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1], length = strlen(b);
    if (strlen(a) > LONGEST || length > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[length];
}

md_nearest md_nearest_start(const char *typed)
{
    /* A third of the letters may be wrong: farther words have nothing to do with each other. */
    return (md_nearest){.typed = typed, .distance = strlen(typed) / 3 + 2};
}

void md_nearest_offer(md_nearest *nearest, const char *known)
{
    size_t d = distance(nearest->typed, known);
    if (d >= nearest->distance)
        return;
    nearest->best = known;
    nearest->distance = d;
}
