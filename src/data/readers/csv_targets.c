#include "csv_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mnist_dist/base/nearest.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"

enum { NAME_SIZE = 512 };

typedef struct search {
    const md_csv_table *table;
    const char *where;
    int optional;
    size_t **found, *count;
    int by_number;
    md_error *err;
} search;

size_t md_csv_find_column(const md_csv_table *t, const char *name)
{
    size_t i = 0;
    while (i < t->column_count && strcmp(t->columns[i].name, name) != 0)
        i++;
    return i;
}

md_status md_csv_fail_column(const md_csv_table *t, const char *where, const char *name,
                             md_error *err)
{
    char snippet[MD_SNIPPET_SIZE], some[256] = "";
    md_text_snippet(name, snippet);
    md_nearest nearest = md_nearest_start(snippet);
    size_t used = 0;
    for (size_t i = 0; i < t->column_count; i++) {
        char known[MD_SNIPPET_SIZE];
        md_text_snippet(t->columns[i].name, known);
        md_nearest_offer(&nearest, known);
        if (used < sizeof some - MD_SNIPPET_SIZE - 4 && i < 6)
            used += (size_t)snprintf(some + used, sizeof some - used, "%s%s", i ? ", " : "", known);
    }
    if (nearest.best[0] && name[0])
        return md_fail(err, MD_BAD_DATA, "%s: there is no column '%s'; did you mean '%s'?", where,
                       snippet, nearest.best);
    if (name[0])
        return md_fail(err, MD_BAD_DATA, "%s: there is no column '%s' among %zu: %s%s", where,
                       snippet, t->column_count, some, t->column_count > 6 ? ", ..." : "");
    return md_fail(
        err, MD_BAD_DATA,
        "%s: which column is to be learned? set data.target to its name or number; there "
        "are %zu: %s%s",
        where, t->column_count, some, t->column_count > 6 ? ", ..." : "");
}

static md_status add(const search *s, size_t column)
{
    for (size_t i = 0; i < *s->count; i++)
        if ((*s->found)[i] == column)
            return md_fail(s->err, MD_BAD_DATA,
                           "%s: data.target names column %zu ('%.60s') twice; name each once",
                           s->where, column + 1, s->table->columns[column].name);
    size_t *longer = realloc(*s->found, (*s->count + 1) * sizeof *longer);
    if (!longer)
        return md_fail_memory(s->err, "targets", sizeof *longer);
    *s->found = longer;
    longer[(*s->count)++] = column;
    return MD_OK;
}

/* Does another column have the same name in the header? Then neither is meant by it. */
static md_status check_alone(const search *s, size_t column)
{
    const char *name = s->table->columns[column].name;
    for (size_t i = column + 1; i < s->table->column_count; i++) {
        const md_csv_column *c = &s->table->columns[i];
        const char *end = strrchr(c->name, '.');
        if (c->renamed && end && strlen(name) == (size_t)(end - c->name) &&
            strncmp(c->name, name, strlen(name)) == 0)
            return md_fail(s->err, MD_BAD_DATA,
                           "%s: columns %zu and %zu are both named '%.60s'; set data.target to the "
                           "number of the one to be learned, and leave the other out",
                           s->where, column + 1, i + 1, name);
    }
    return MD_OK;
}

static md_status find(search *s, const char *name)
{
    const md_csv_table *t = s->table;
    int64_t number;
    const size_t column = md_csv_find_column(t, name);
    if (column < t->column_count) {
        md_status status = check_alone(s, column);
        return status ? status : add(s, column);
    }
    if (md_parse_i64(name, 1, (int64_t)t->column_count, &number)) {
        s->by_number = 1;
        return add(s, (size_t)number - 1);
    }
    return s->optional ? MD_OK : md_csv_fail_column(t, s->where, name, s->err);
}

static md_status find_usual(search *s)
{
    static const char *const usual[] = {"label", "class", "target", "y"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        for (size_t k = 0; k < s->table->column_count; k++)
            if (!s->table->columns[k].known && strcasecmp(s->table->columns[k].name, usual[i]) == 0)
                return find(s, s->table->columns[k].name);
    return MD_OK;
}

static md_status fail_numbers(const search *s, size_t left)
{
    const md_csv_table *t = s->table;
    char some[256] = "", name[MD_SNIPPET_SIZE];
    size_t used = 0;
    for (size_t i = 0; i < t->column_count && used < sizeof some - MD_SNIPPET_SIZE - 4; i++) {
        if (t->columns[i].known)
            continue;
        md_text_snippet(t->columns[i].name, name);
        used += (size_t)snprintf(some + used, sizeof some - used, "%s'%s'", used ? ", " : "", name);
    }
    return md_fail(s->err, MD_BAD_DATA,
                   "%s: data.target counts columns, and %zu here %s no feature of the model: %s; "
                   "leave out what is not to be learned, or order the columns as those trained on",
                   s->where, left, left == 1 ? "is" : "are", some);
}

/* Where the model's features are known by name, their columns may stand in another order than those
 * that were counted: what is to be learned is then what the features leave. */
static md_status check_numbers(const search *s)
{
    const md_csv_table *t = s->table;
    size_t left = 0, last = 0, features = 0;
    for (size_t i = 0; i < t->column_count; i++)
        if (!t->columns[i].known) {
            left++;
            last = i;
        }
    for (size_t i = 0; i < *s->count; i++)
        features += (size_t)t->columns[(*s->found)[i]].known;
    if (left == t->column_count || (left == *s->count && features == 0))
        return MD_OK;
    if (left == 0)
        *s->count = 0;
    else if (left == 1 && *s->count == 1)
        **s->found = last;
    else
        return fail_numbers(s, left);
    return MD_OK;
}

md_status md_csv_find_targets(const md_csv_table *table, const char *where, const char *wanted,
                              int optional, size_t **out, size_t *count, md_error *err)
{
    search s = {table, where, optional, out, count, 0, err};
    const char *at = wanted ? wanted : "";
    *out = NULL;
    *count = 0;
    md_status status = *at ? MD_OK : find_usual(&s);
    while (*at && !status) {
        char name[NAME_SIZE];
        at += strspn(at, " ,[");
        const size_t length = strcspn(at, ",]");
        snprintf(name, sizeof name, "%.*s", (int)(length < NAME_SIZE ? length : NAME_SIZE - 1), at);
        at += length;
        at += strspn(at, " ]");
        for (size_t end = strlen(name); end > 0 && name[end - 1] == ' ';)
            name[--end] = '\0';
        if (name[0])
            status = find(&s, name);
    }
    if (!status && s.by_number)
        status = check_numbers(&s);
    if (!status && *count == 0 && !optional)
        status = md_csv_fail_column(table, where, "", err);
    return status;
}
