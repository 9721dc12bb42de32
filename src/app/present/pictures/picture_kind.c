#include "picture_kind.h"

#include "mnist_dist/base/bytes.h"

#define DECLARE(word) extern const md_picture_kind md_picture_##word;
#define ADDRESS(word) &md_picture_##word,
#define WORD(word) #word,

MD_PICTURE_KINDS(DECLARE)
const md_picture_kind *const md_picture_kinds[] = {MD_PICTURE_KINDS(ADDRESS)};
const char *const md_picture_words[] = {MD_PICTURE_KINDS(WORD) NULL};

static void print_help(const void *context, FILE *out)
{
    (void)context;
    for (size_t i = 0; md_picture_words[i]; i++) {
        fprintf(out, "%s%s", i ? ", " : "", md_picture_words[i]);
        if (md_picture_kinds[i]->help)
            fprintf(out, " (%s)", md_picture_kinds[i]->help);
    }
}

char *md_picture_help(void)
{
    md_bytes text;
    md_bytes_print(print_help, NULL, &text, NULL);
    return (char *)text.data;
}
