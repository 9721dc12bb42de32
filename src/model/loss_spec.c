#include "mnist_dist/model/loss_spec.h"

#include <stddef.h>
#include <string.h>

static const md_loss_descriptor descriptors[MD_LOSS_COUNT] = {
#define MD_ROW(NAME, name, ...) [MD_LOSS_##NAME] = {#name, __VA_ARGS__},
    MD_LOSSES(MD_ROW)
#undef MD_ROW
};

const char *const md_loss_words[] = {"auto",
#define MD_ROW(NAME, name, ...) #name,
                                     MD_LOSSES(MD_ROW)
#undef MD_ROW
                                         NULL};

const md_loss_descriptor *md_loss_describe(md_loss_kind kind)
{
    return kind > MD_LOSS_AUTO && kind < MD_LOSS_COUNT ? &descriptors[kind] : NULL;
}

int md_loss_parse(const char *word, md_loss_kind *out)
{
    for (int i = MD_LOSS_AUTO + 1; i < MD_LOSS_COUNT; i++)
        if (strcmp(descriptors[i].word, word) == 0 ||
            strcmp(descriptors[i].keras_class, word) == 0) {
            *out = (md_loss_kind)i;
            return 1;
        }
    return 0;
}

md_loss_kind md_loss_of_activation(md_activation activation)
{
    for (int i = MD_LOSS_AUTO + 1; i < MD_LOSS_COUNT; i++)
        if (descriptors[i].goes_with == activation)
            return (md_loss_kind)i;
    return MD_LOSS_AUTO;
}
