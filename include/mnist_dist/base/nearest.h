/* "Did you mean": offer every known word, then `best` is the one nearest to what was typed. Local.
 */
#ifndef MNIST_DIST_BASE_NEAREST_H
#define MNIST_DIST_BASE_NEAREST_H

#include <stddef.h>

enum { MD_NEAREST_SIZE = 64 };

typedef struct md_nearest {
    const char *typed;          /* borrowed */
    char best[MD_NEAREST_SIZE]; /* empty while none is near */
    size_t limit;               /* letters by which a word must differ less to become the best */
} md_nearest;

md_nearest md_nearest_start(const char *typed);

/* Of words equally near the first offered stays. */
void md_nearest_offer(md_nearest *nearest, const char *known);

/* Offers `known` under another spelling, which counts as `farther` letters more. */
void md_nearest_offer_as(md_nearest *nearest, const char *known, const char *spelling,
                         size_t farther);

#endif
