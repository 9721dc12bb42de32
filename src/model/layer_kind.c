#include "mnist_dist/model/layer_kind.h"

#include <string.h>

#define MD_KIND(NAME, name) extern const md_layer_descriptor md_layer_kind_##name;
MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND

static const md_layer_descriptor *const descriptors[MD_LAYER_KIND_COUNT] = {
#define MD_KIND(NAME, name) &md_layer_kind_##name,
    MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND
};

const char *const md_layer_words[] = {
#define MD_KIND(NAME, name) #name,
    MD_LAYER_KINDS(MD_KIND)
#undef MD_KIND
        NULL};

const char *const md_activation_words[] = {"linear", "relu", "tanh", "sigmoid", "softmax", NULL};

const md_layer_descriptor *md_layer_describe(md_layer_kind kind)
{
    return (unsigned)kind < MD_LAYER_KIND_COUNT ? descriptors[kind] : NULL;
}

const char *md_layer_kind_name(md_layer_kind kind)
{
    return (unsigned)kind < MD_LAYER_KIND_COUNT ? md_layer_words[kind] : NULL;
}

int md_layer_kind_parse(const char *word, md_layer_kind *out)
{
    for (int i = 0; i < MD_LAYER_KIND_COUNT; i++)
        if (strcmp(word, md_layer_words[i]) == 0) {
            *out = (md_layer_kind)i;
            return 1;
        }
    return 0;
}

int md_layer_kind_of_keras(const char *class_name, md_layer_kind *out)
{
    for (int i = 0; i < MD_LAYER_KIND_COUNT; i++)
        if (strcmp(class_name, descriptors[i]->keras_class) == 0) {
            *out = (md_layer_kind)i;
            return 1;
        }
    return 0;
}

const md_key *md_layer_key(md_layer_kind kind, const char *name)
{
    const md_layer_descriptor *d = descriptors[kind];
    for (size_t i = 0; i < d->key_count; i++)
        if (strcmp(d->keys[i].name, name) == 0)
            return &d->keys[i];
    return NULL;
}
