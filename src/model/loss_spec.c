#include "mnist_dist/model/loss_spec.h"

#include <stddef.h>

static const md_loss_descriptor descriptors[MD_LOSS_COUNT] = {
#define MD_ROW(NAME, name, metric) {#name, metric},
    MD_LOSSES(MD_ROW)
#undef MD_ROW
};

const md_loss_descriptor *md_loss_describe(md_loss_kind kind)
{
    return (unsigned)kind < MD_LOSS_COUNT ? &descriptors[kind] : NULL;
}
