#include "mnist_dist/base/nearest.h"

#include <stdio.h>
#include <string.h>

/* How many letters must be changed, added or left out to make a into b (Levenshtein). Of b only the
 * first letters count. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 127 };
    size_t row[LONGEST + 1]; /* from the first i letters of a to each start of b */
    size_t columns = strnlen(b, LONGEST);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < columns; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            size_t shift = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < shift ? change : shift;
        }
    }
    return row[columns];
}

/* A third of the letters may be wrong, three at most: words farther apart have nothing to do with
 * each other. */
md_nearest md_nearest_start(const char *typed)
{
    enum { MOST = 3 };
    size_t wrong = strlen(typed) / 3 + 1;
    return (md_nearest){.typed = typed, .limit = (wrong < MOST ? wrong : MOST) + 1};
}

void md_nearest_offer(md_nearest *nearest, const char *known)
{
    md_nearest_offer_as(nearest, known, known, 0);
}

void md_nearest_offer_as(md_nearest *nearest, const char *known, const char *spelling,
                         size_t farther)
{
    size_t wrong = distance(nearest->typed, spelling) + farther;
    if (wrong >= nearest->limit)
        return;
    nearest->limit = wrong;
    snprintf(nearest->best, sizeof nearest->best, "%s", known);
}
