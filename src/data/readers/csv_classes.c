#include "csv_classes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/text.h"

enum { MOST_TOLD = 4 };

int md_csv_find_word(const md_csv_column *c, const char *word)
{
    for (size_t k = 0; k < c->word_count; k++)
        if (strcmp(c->words[k], word) == 0)
            return (int)k;
    return -2;
}

static int has_names(const md_source_wishes *wishes)
{
    return wishes->scale && wishes->scale->class_names;
}

/* "a, b, c", or "0 to 9". */
static void list_classes(const md_source_wishes *wishes, char out[MOST_TOLD * MD_CLASS_NAME])
{
    const int count = wishes->model ? md_model_spec_classes(wishes->model) : 0;
    const size_t size = (size_t)MOST_TOLD * MD_CLASS_NAME;
    char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE];
    size_t used = 0;
    out[0] = '\0';
    if (!has_names(wishes))
        snprintf(out, size, "0 to %d", count - 1);
    for (int i = 0; has_names(wishes) && i < count && i <= MOST_TOLD && used < size; i++) {
        md_text_snippet(md_scale_class(wishes->scale, (size_t)i, name), shown);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
                                 i < MOST_TOLD ? shown : "...");
    }
}

static md_status fail_class(const md_csv_column *c, const char *where,
                            const md_source_wishes *wishes, const char *found, md_error *err)
{
    char column[MD_SNIPPET_SIZE], snippet[MD_SNIPPET_SIZE], known[MOST_TOLD * MD_CLASS_NAME];
    md_text_snippet(c->name, column);
    md_text_snippet(found, snippet);
    list_classes(wishes, known);
    return md_fail(err, MD_BAD_DATA,
                   "%s: column '%s' holds the %s '%s', which is no class of the model%s%s", where,
                   column, c->is_words ? "word" : "number", snippet, known[0] ? "; these are " : "",
                   known);
}

/* Words are classes of a model whose classes have names, numbers of one whose have none. */
static md_status check_kind(const md_csv_column *c, float first, const char *where,
                            const md_source_wishes *wishes, md_error *err)
{
    char number[32];
    if (!wishes->model || has_names(wishes) == c->is_words)
        return MD_OK;
    snprintf(number, sizeof number, "%g", (double)first);
    return fail_class(c, where, wishes, c->is_words ? c->words[0] : number, err);
}

md_status md_csv_match_classes(const md_csv_column *c, float first, const char *where,
                               const md_source_wishes *wishes, float **classes, md_error *err)
{
    *classes = NULL;
    md_status status = check_kind(c, first, where, wishes, err);
    if (status || !c->is_words || !has_names(wishes))
        return status;
    assert(c->word_count > 0);
    float *found = calloc(c->word_count, sizeof *found);
    char *copy = strdup(wishes->scale->class_names), *rest = copy;
    *classes = found;
    if (!found || !copy) {
        free(copy);
        return md_fail_memory(err, "classes", c->word_count);
    }
    for (size_t k = 0; k < c->word_count; k++)
        found[k] = -1.0f;
    int number = 0;
    for (const char *name; (name = strsep(&rest, "\n")); number++) {
        const int k = md_csv_find_word(c, name);
        if (k >= 0)
            found[k] = (float)number;
    }
    free(copy);
    for (size_t k = 0; k < c->word_count; k++)
        if (found[k] < 0.0f)
            return fail_class(c, where, wishes, c->words[k], err);
    return MD_OK;
}
