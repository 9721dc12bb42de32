/* A CSV file: data.target names the columns to be learned, the others are features. Words in a
 * feature's column become columns of 0 and 1, "colour=red"; words to be learned become classes.
 * With the names that a model was made of, columns and words are found by them, in any order. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_table.h"
#include "mnist_dist/base/nearest.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"
#include "source_internal.h"

enum { NAME_SIZE = 512, FEATURES, ANSWERS };

/* One number that the model is given. */
typedef struct feature {
    size_t column;
    int word; /* 1 where the column has this word; -1: the column's number; -2: a word it lacks */
} feature;

typedef struct csv_context {
    md_csv_table table;
    feature *features;
    size_t feature_count;
    size_t *targets;
    size_t target_count;
    float *classes; /* by place of a word to be learned: the model's class; NULL: the place */
} csv_context;

static void free_context(csv_context *csv)
{
    md_csv_table_clear(&csv->table);
    free(csv->features);
    free(csv->targets);
    free(csv->classes);
    free(csv);
}

/* Adds a line to names joined by newlines. */
static int append(char **names, const char *name, const char *word)
{
    char *longer;
    const int length = asprintf(&longer, "%s%s%s%s%s", *names ? *names : "", *names ? "\n" : "",
                                name, word ? "=" : "", word ? word : "");
    if (length < 0)
        return 0;
    free(*names);
    *names = longer;
    return 1;
}

/* The number of a column, or column_count. */
static size_t find_column(const md_csv_table *t, const char *name)
{
    size_t i = 0;
    while (i < t->column_count && strcmp(t->columns[i].name, name) != 0)
        i++;
    return i;
}

static md_status fail_column(const md_csv_table *t, const char *where, const char *name,
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

static md_status add_target(csv_context *csv, size_t column, md_error *err)
{
    size_t *longer = realloc(csv->targets, (csv->target_count + 1) * sizeof *longer);
    if (!longer)
        return md_fail_memory(err, "targets", sizeof *longer);
    csv->targets = longer;
    csv->targets[csv->target_count++] = column;
    return MD_OK;
}

/* By name, or else by number from 1. */
static md_status find_target(csv_context *csv, const char *where, const char *name, int optional,
                             md_error *err)
{
    const md_csv_table *t = &csv->table;
    int64_t number;
    size_t column = find_column(t, name);
    if (column == t->column_count && md_parse_i64(name, 1, (int64_t)t->column_count, &number))
        column = (size_t)number - 1;
    if (column < t->column_count)
        return add_target(csv, column, err);
    return optional ? MD_OK : fail_column(t, where, name, err);
}

/* data.target, "a, b"; without it the one usual name. */
static md_status find_targets(md_source *source, csv_context *csv, const char *where, md_error *err)
{
    static const char *const usual[] = {"label", "class", "target", "y"};
    const char *wanted = source->wishes.target, *at = wanted ? wanted : "";
    /* Who only wants answers need not bring the right ones. */
    const int optional =
        source->wishes.only && source->wishes.scale && source->wishes.scale->feature_names;
    md_status status = MD_OK;
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
            status = find_target(csv, where, name, optional, err);
    }
    for (size_t i = 0; !(wanted && wanted[0]) && !status && csv->target_count == 0 &&
                       i < sizeof usual / sizeof *usual;
         i++)
        for (size_t k = 0; csv->target_count == 0 && k < csv->table.column_count; k++)
            if (strcasecmp(csv->table.columns[k].name, usual[i]) == 0)
                status = add_target(csv, k, err);
    if (!status && csv->target_count == 0 && !optional)
        status = fail_column(&csv->table, where, "", err);
    return status;
}

static int is_target(const csv_context *csv, size_t column)
{
    for (size_t i = 0; i < csv->target_count; i++)
        if (csv->targets[i] == column)
            return 1;
    return 0;
}

static md_status add_feature(csv_context *csv, size_t column, int word, md_error *err)
{
    feature *longer = csv->features;
    if ((csv->feature_count & (csv->feature_count - 1)) == 0) {
        const size_t room = csv->feature_count ? 2 * csv->feature_count : 1;
        longer = realloc(csv->features, room * sizeof *longer);
    }
    if (!longer)
        return md_fail_memory(err, "features", csv->feature_count * sizeof *longer);
    csv->features = longer;
    csv->features[csv->feature_count++] = (feature){column, word};
    return MD_OK;
}

/* All columns that are not to be learned. */
static md_status take_features(csv_context *csv, char **names, md_error *err)
{
    md_status status = MD_OK;
    for (size_t i = 0; i < csv->table.column_count && !status; i++) {
        const md_csv_column *c = &csv->table.columns[i];
        if (is_target(csv, i))
            continue;
        for (size_t k = 0; k < (c->is_words ? c->word_count : 1) && !status; k++) {
            status = add_feature(csv, i, c->is_words ? (int)k : -1, err);
            if (!status && !append(names, c->name, c->is_words ? c->words[k] : NULL))
                status = md_fail_memory(err, "names", NAME_SIZE);
        }
    }
    return status;
}

static int find_word(const md_csv_column *c, const char *word)
{
    for (size_t k = 0; k < c->word_count; k++)
        if (strcmp(c->words[k], word) == 0)
            return (int)k;
    return -2;
}

/* One of the model's features, "age" or "colour=red". */
static md_status take_named(csv_context *csv, const char *where, char *name, md_error *err)
{
    const md_csv_table *t = &csv->table;
    size_t column = find_column(t, name);
    if (column < t->column_count && !t->columns[column].is_words)
        return add_feature(csv, column, -1, err);
    char *word = strchr(name, '=');
    for (; word; word = strchr(word + 1, '=')) {
        *word = '\0';
        column = find_column(t, name);
        if (column < t->column_count && t->columns[column].is_words)
            return add_feature(csv, column, find_word(&t->columns[column], word + 1), err);
        *word = '=';
    }
    return fail_column(t, where, name, err);
}

/* Each word of a column must be one that the model knows. */
static md_status check_words(const csv_context *csv, const char *where, md_error *err)
{
    for (size_t i = 0; i < csv->feature_count; i++) {
        const size_t column = csv->features[i].column;
        const md_csv_column *c = &csv->table.columns[column];
        for (size_t k = 0; c->is_words && k < c->word_count; k++) {
            int known = 0;
            for (size_t f = 0; f < csv->feature_count; f++)
                known |= csv->features[f].column == column && csv->features[f].word == (int)k;
            char snippet[MD_SNIPPET_SIZE];
            md_text_snippet(c->words[k], snippet);
            if (!known)
                return md_fail(err, MD_BAD_DATA,
                               "%s: column '%.60s' holds the word '%s', which the model does not "
                               "know",
                               where, c->name, snippet);
        }
    }
    return MD_OK;
}

static md_status take_models(csv_context *csv, const char *where, const char *names, md_error *err)
{
    md_status status = MD_OK;
    char *copy = strdup(names), *rest = copy;
    if (!copy)
        return md_fail_memory(err, "names", strlen(names));
    for (char *name; !status && (name = strsep(&rest, "\n"));)
        status = take_named(csv, where, name, err);
    free(copy);
    return status ? status : check_words(csv, where, err);
}

/* Numbers to be met, and classes that have a column each, are named by their columns. */
static md_status name_targets(md_source *source, const csv_context *csv, const char *where,
                              md_error *err)
{
    for (size_t i = 0; i < csv->target_count; i++) {
        const md_csv_column *c = &csv->table.columns[csv->targets[i]];
        if (c->is_words)
            return md_fail(err, MD_BAD_DATA,
                           "%s: column '%.60s' holds words, such as '%.60s', where numbers are to "
                           "be learned; words alone are classes",
                           where, c->name, c->words[0]);
        if (csv->table.has_header && !append(&source->class_names, c->name, NULL))
            return md_fail_memory(err, "names", NAME_SIZE);
    }
    return MD_OK;
}

/* Words to be learned are classes, the model's where there is one. */
static md_status take_classes(md_source *source, csv_context *csv, const char *where, md_error *err)
{
    const md_scale *model = source->wishes.scale;
    if (csv->target_count == 0 || !csv->table.columns[csv->targets[0]].is_words)
        return MD_OK;
    const md_csv_column *c = &csv->table.columns[csv->targets[0]];
    for (size_t k = 0; k < c->word_count; k++)
        if (!append(&source->class_names, c->words[k], NULL))
            return md_fail_memory(err, "names", NAME_SIZE);
    if (!model || !model->class_names)
        return MD_OK;
    assert(c->word_count > 0);
    csv->classes = calloc(c->word_count, sizeof *csv->classes);
    char *copy = strdup(model->class_names), *rest = copy;
    if (!csv->classes || !copy) {
        free(copy);
        return md_fail_memory(err, "classes", c->word_count);
    }
    for (size_t k = 0; k < c->word_count; k++)
        csv->classes[k] = -1.0f;
    int number = 0;
    for (const char *name; (name = strsep(&rest, "\n")); number++) {
        const int k = find_word(c, name);
        if (k >= 0)
            csv->classes[k] = (float)number;
    }
    free(copy);
    for (size_t k = 0; k < c->word_count; k++)
        if (csv->classes[k] < 0.0f)
            return md_fail(err, MD_BAD_DATA,
                           "%s: column '%.60s' holds the word '%.60s', which is no class of the "
                           "model",
                           where, c->name, c->words[k]);
    return MD_OK;
}

static md_status understand(md_source *source, csv_context *csv, const char *where, md_error *err)
{
    const md_scale *model = source->wishes.scale;
    md_status status = find_targets(source, csv, where, err);
    if (!status)
        status = model && model->feature_names && csv->table.has_header
                     ? take_models(csv, where, model->feature_names, err)
                     : take_features(csv, &source->feature_names, err);
    if (!status)
        status = source->wishes.numbers || csv->target_count > 1
                     ? name_targets(source, csv, where, err)
                     : take_classes(source, csv, where, err);
    if (status)
        return status;
    const size_t n = csv->table.row_count;
    source->single = source->integers = 1;
    md_array *x = &source->x[MD_SPLIT_TRAIN], *y = &source->y[MD_SPLIT_TRAIN];
    *x = (md_array){.type = MD_NUMBER_F32, .rank = 2, .extent = {n, csv->feature_count}};
    x->place = FEATURES;
    snprintf(x->name, sizeof x->name, "%s", where);
    if (csv->target_count > 0) {
        *y = *x;
        y->extent[1] = csv->target_count;
        y->place = ANSWERS;
    }
    return MD_OK;
}

static md_status csv_open(md_source *source, const char *where, md_error *err)
{
    csv_context *csv = calloc(1, sizeof *csv);
    if (!csv)
        return md_fail_memory(err, "a data source", sizeof *csv);
    md_status status = md_csv_table_read(where, &csv->table, err);
    if (!status)
        status = understand(source, csv, where, err);
    if (status)
        free_context(csv);
    else
        source->context = csv;
    return status;
}

static md_status csv_read(md_source *source, const md_array *array, void *out, md_error *err)
{
    const csv_context *csv = source->context;
    const size_t columns = csv->table.column_count;
    float *to = out;
    (void)err;
    for (size_t n = 0; n < csv->table.row_count; n++) {
        const float *row = csv->table.values + n * columns;
        for (size_t i = 0; array->place == FEATURES && i < csv->feature_count; i++) {
            const feature f = csv->features[i];
            *to++ = f.word == -1 ? row[f.column] : (float)((int)row[f.column] == f.word);
        }
        for (size_t i = 0; array->place == ANSWERS && i < csv->target_count; i++) {
            const float value = row[csv->targets[i]];
            *to++ = csv->classes ? csv->classes[(size_t)value] : value;
        }
    }
    return MD_OK;
}

static void csv_close(md_source *source)
{
    free_context(source->context);
}

const md_source_ops md_source_csv = {"CSV file", 1,         md_csv_recognises, csv_open,
                                     csv_read,   csv_close, md_csv_recognises, NULL};
