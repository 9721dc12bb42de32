#include "csv_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

typedef struct place {
    const char *name;
    size_t index;
} place;

static int compare(const void *a, const void *b)
{
    const place *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int compare_name(const void *name, const void *of)
{
    return strcmp(name, ((const place *)of)->name);
}

/* The next number that makes a name which none of the file's own is. */
static char *number_name(const place *sorted, size_t count, const char *name, size_t *number)
{
    char *made = NULL;
    do {
        free(made);
        const int length = name[0] ? asprintf(&made, "%s.%zu", name, ++*number)
                                   : asprintf(&made, "Unnamed: %zu", (*number)++);
        if (length < 0)
            return NULL;
    } while (bsearch(made, sorted, count, sizeof *sorted, compare_name));
    return made;
}

md_status md_csv_make_unique(char **names, size_t count, md_error *err)
{
    place *sorted;
    char **made; /* kept apart until all are, since `sorted` borrows the old ones */
    md_status status = md_allocate((void **)&sorted, count, sizeof *sorted, "names", err);
    if (status)
        return status;
    status = md_allocate((void **)&made, count, sizeof *made, "names", err);
    for (size_t i = 0; i < count; i++)
        sorted[i] = (place){names[i], i};
    qsort(sorted, count, sizeof *sorted, compare);
    size_t number = 0;
    for (size_t i = 0; i < count && !status; i++) {
        const int again = i > 0 && strcmp(sorted[i].name, sorted[i - 1].name) == 0;
        number = again ? number : 0;
        if (!again && sorted[i].name[0])
            continue;
        made[sorted[i].index] = number_name(sorted, count, sorted[i].name, &number);
        if (!made[sorted[i].index])
            status = md_fail_memory(err, "a column's name", strlen(sorted[i].name));
    }
    for (size_t i = 0; made && i < count; i++)
        if (made[i]) {
            free(names[i]);
            names[i] = made[i];
        }
    free(made);
    free(sorted);
    return status;
}

/* Is `name`, `length` bytes long, one of the names that are joined by newlines? */
static int lists(const char *names, const char *name, size_t length)
{
    for (const char *at = names; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strcspn(at, "\n") == length && strncmp(at, name, length) == 0)
            return 1;
    }
    return 0;
}

typedef struct parsing {
    const char *names;
    int (*known)(const void *context, const char *name);
    const void *context;
    md_csv_model *model;
    size_t first; /* of the features of the last column */
    md_error *err;
} parsing;

/* Cuts "colour=red" where the table has a column "colour" that is none of numbers, else at the
 * first sign; returns the word, NULL for a column of numbers. */
static char *cut_word(const parsing *p, char *name)
{
    char *first = strchr(name, '=');
    if (p->known(p->context, name))
        return NULL;
    for (char *sign = first; sign; sign = strchr(sign + 1, '=')) {
        *sign = '\0';
        if (p->known(p->context, name) && !lists(p->names, name, (size_t)(sign - name)))
            return sign + 1;
        *sign = '=';
    }
    if (first)
        *first = '\0';
    return first ? first + 1 : NULL;
}

/* Words of a column follow each other, each once. */
static int goes_on(const parsing *p, const char *name, const char *word)
{
    const md_csv_model *m = p->model;
    if (!word || m->column_count == 0 || !m->features[p->first].word ||
        strcmp(m->columns[m->column_count - 1], name) != 0)
        return 0;
    for (size_t i = p->first; i < m->feature_count; i++)
        if (strcmp(m->features[i].word, word) == 0)
            return 0;
    return 1;
}

static md_status add(parsing *p, char *name)
{
    md_csv_model *m = p->model;
    const char *word = cut_word(p, name);
    if (!goes_on(p, name, word)) {
        char *copy = strdup(name);
        if (!copy)
            return md_fail_memory(p->err, "a column's name", strlen(name));
        m->columns[m->column_count++] = copy;
        p->first = m->feature_count;
    }
    m->features[m->feature_count++] = (md_csv_feature){m->column_count - 1, word};
    return MD_OK;
}

md_status md_csv_model_read(const char *names, int (*known)(const void *context, const char *name),
                            const void *context, md_csv_model *out, md_error *err)
{
    parsing p = {names, known, context, out, 0, err};
    size_t most = 1;
    *out = (md_csv_model){.text = strdup(names)};
    if (!out->text)
        return md_fail_memory(err, "names", strlen(names));
    for (const char *at = names; *at; at++)
        most += *at == '\n';
    md_status status =
        md_allocate((void **)&out->columns, most, sizeof *out->columns, "columns", err);
    if (!status)
        status = md_allocate((void **)&out->features, most, sizeof *out->features, "features", err);
    char *rest = out->text;
    for (char *name; !status && (name = strsep(&rest, "\n"));)
        status = add(&p, name);
    return status ? status : md_csv_make_unique(out->columns, out->column_count, err);
}

void md_csv_model_clear(md_csv_model *model)
{
    for (size_t i = 0; i < model->column_count; i++)
        free(model->columns[i]);
    free(model->columns);
    free(model->features);
    free(model->text);
    *model = (md_csv_model){0};
}
