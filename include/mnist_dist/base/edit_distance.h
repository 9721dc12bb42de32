/* How far apart two words are, for "did you mean". Local. */
#ifndef MNIST_DIST_BASE_EDIT_DISTANCE_H
#define MNIST_DIST_BASE_EDIT_DISTANCE_H

#include <stddef.h>

/* How many letters must be changed, added or left out to make a into b (Levenshtein). Of b only the
 * first 63 letters count. */
size_t md_edit_distance(const char *a, const char *b);

#endif
