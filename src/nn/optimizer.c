#include "mnist_dist/nn/optimizer.h"

#define MD_ROW(NAME, name, ...) extern const md_optimizer md_optimizer_##name;
MD_OPTIMIZERS(MD_ROW)
#undef MD_ROW

static const md_optimizer *const optimizers[MD_OPTIMIZER_COUNT] = {
#define MD_ROW(NAME, name, ...) &md_optimizer_##name,
    MD_OPTIMIZERS(MD_ROW)
#undef MD_ROW
};

const md_optimizer *md_optimizer_find(md_optimizer_kind kind)
{
    return (unsigned)kind < MD_OPTIMIZER_COUNT ? optimizers[kind] : NULL;
}
