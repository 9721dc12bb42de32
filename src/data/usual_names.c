#include "usual_names.h"

#include <stdio.h>

static const char *const x_words[] = {"images", "x", "X", "data", "features", "inputs", NULL};
static const char *const y_words[] = {"labels",  "y",      "Y",       "label",
                                      "targets", "target", "outputs", NULL};
static const char *const split_words[2][3] = {{"train", "training", NULL}, {"test", "t10k", NULL}};

enum { FORMS = 4 };

static void make_name(int form, const char *split, const char *word, char out[MD_USUAL_NAME])
{
    switch (form) {
    case 0:
        snprintf(out, MD_USUAL_NAME, "%s/%s", split, word);
        break;
    case 1:
        snprintf(out, MD_USUAL_NAME, "%s_%s", word, split);
        break;
    case 2:
        snprintf(out, MD_USUAL_NAME, "%s_%s", split, word);
        break;
    case 3:
        snprintf(out, MD_USUAL_NAME, "%s_set_%s", split, word);
        break;
    default:
        snprintf(out, MD_USUAL_NAME, "%s", word);
    }
}

/* The first of the words under which there is something; out is empty else. */
static int find_word(md_usual_has *has, void *context, int form, const char *split,
                     const char *const *words, char out[MD_USUAL_NAME])
{
    for (; *words; words++) {
        make_name(form, split, *words, out);
        if (has(context, out))
            return 1;
    }
    out[0] = '\0';
    return 0;
}

static int find_pair(md_usual_has *has, void *context, int form, const char *split,
                     md_usual_pair *out)
{
    const int x = find_word(has, context, form, split, x_words, out->x);
    const int y = find_word(has, context, form, split, y_words, out->y);
    return x || y;
}

void md_usual_find(md_usual_has *has, void *context, md_split split, int single, md_usual_pair *out)
{
    *out = (md_usual_pair){{0}, {0}};
    if (single) {
        find_pair(has, context, FORMS, "", out);
        return;
    }
    for (int form = 0; form < FORMS; form++)
        for (const char *const *word = split_words[split]; *word; word++)
            if (find_pair(has, context, form, *word, out))
                return;
}
