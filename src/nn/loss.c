#include "mnist_dist/nn/loss.h"

#define MD_ROW(NAME, name, ...) extern const md_loss md_loss_##name;
MD_LOSSES(MD_ROW)
#undef MD_ROW

static const md_loss *const losses[MD_LOSS_COUNT] = {
#define MD_ROW(NAME, name, ...) [MD_LOSS_##NAME] = &md_loss_##name,
    MD_LOSSES(MD_ROW)
#undef MD_ROW
};

const md_loss *md_loss_find(md_loss_kind kind)
{
    return md_loss_describe(kind) ? losses[kind] : NULL;
}
