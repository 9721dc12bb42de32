#include <string.h>

#include "command.h"
#include "mnist_dist/base/edit_distance.h"

md_nearest md_nearest_start(const char *typed)
{
    /* A third of the letters may be wrong: farther words have nothing to do with each other. */
    return (md_nearest){.typed = typed, .distance = strlen(typed) / 3 + 2};
}

void md_nearest_offer(md_nearest *nearest, const char *known)
{
    size_t distance = md_edit_distance(nearest->typed, known);
    if (distance >= nearest->distance)
        return;
    nearest->best = known;
    nearest->distance = distance;
}
