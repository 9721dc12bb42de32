#include "mnist_dist/base/edit_distance.h"

#include <string.h>

enum { LONGEST = 63 };

size_t md_edit_distance(const char *a, const char *b)
{
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
