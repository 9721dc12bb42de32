#include "mnist_dist/base/range.h"

md_range md_range_part(md_range range, int part, int parts)
{
    const size_t p = (size_t)part, share = range.count / (size_t)parts;
    const size_t longer = range.count % (size_t)parts;
    return (md_range){range.begin + p * share + (p < longer ? p : longer), share + (p < longer)};
}
