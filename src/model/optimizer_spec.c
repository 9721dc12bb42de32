#include "mnist_dist/model/optimizer_spec.h"

#include <string.h>
#include <strings.h>

static const md_optimizer_descriptor descriptors[MD_OPTIMIZER_COUNT] = {
#define MD_ROW(NAME, name, ...) {#name, __VA_ARGS__},
    MD_OPTIMIZERS(MD_ROW)
#undef MD_ROW
};

const char *const md_optimizer_words[] = {
#define MD_ROW(NAME, name, ...) #name,
    MD_OPTIMIZERS(MD_ROW)
#undef MD_ROW
        NULL};

static const md_key hypers[] = {
#define MD_ROW(name, value, least, most, ends, about)                                              \
    {#name,                                                                                        \
     MD_KEY_REAL,                                                                                  \
     MD_AT(md_optimizer_spec, name),                                                               \
     .standard = (value),                                                                          \
     .low = (least),                                                                               \
     .high = (most),                                                                               \
     .open = (ends),                                                                               \
     .help = (about)},
    MD_HYPERS(MD_ROW)
#undef MD_ROW
};

enum { HYPERS = sizeof hypers / sizeof *hypers };

const md_optimizer_descriptor *md_optimizer_describe(md_optimizer_kind kind)
{
    return (unsigned)kind < MD_OPTIMIZER_COUNT ? &descriptors[kind] : NULL;
}

int md_optimizer_parse(const char *word, md_optimizer_kind *out)
{
    for (int i = 0; i < MD_OPTIMIZER_COUNT; i++)
        if (strcasecmp(descriptors[i].word, word) == 0) {
            *out = (md_optimizer_kind)i;
            return 1;
        }
    return 0;
}

md_optimizer_spec md_optimizer_default(void)
{
    md_optimizer_spec spec = {.kind = MD_OPTIMIZER_ADAM, .learning_rate = 0.001};
    for (int i = 0; i < HYPERS; i++)
        md_key_set(&hypers[i], &spec, hypers[i].standard, NULL);
    return spec;
}

/* Is `name` among words with blanks between? */
static int is_among(const char *words, const char *name)
{
    const size_t length = strlen(name);
    for (; *words; words += strcspn(words, " "), words += strspn(words, " "))
        if (strcspn(words, " ") == length && strncmp(words, name, length) == 0)
            return 1;
    return 0;
}

const md_key *md_optimizer_hyper(const md_optimizer_spec *spec, int index, double **value)
{
    for (int i = 0; i < HYPERS; i++)
        if (is_among(descriptors[spec->kind].hypers, hypers[i].name) && index-- == 0) {
            *value = (double *)(void *)((char *)spec + hypers[i].offset);
            return &hypers[i];
        }
    return NULL;
}
