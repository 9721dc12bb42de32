/* A CSV file: data.target names the columns to be learned, the others are features. Words in a
 * feature's column become columns of 0 and 1, "colour=red"; words to be learned become classes.
 * With the names that a model was made of, columns and words are found by them, in any order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_classes.h"
#include "csv_names.h"
#include "csv_table.h"
#include "csv_targets.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"
#include "source_internal.h"

enum { NAME_SIZE = 512, MANY_WORDS = 11, FEW_ROWS = 5, FEATURES = 1, ANSWERS };

/* One number that the model is given. */
typedef struct feature {
    size_t column;
    int word; /* 1 where the column has this word; -1: the column's number; -2: a word it lacks */
} feature;

typedef struct csv_context {
    md_source *source;
    const char *where;
    md_csv_table table;
    md_csv_model model; /* what the model's names tell; no columns: there is none */
    feature *features;
    size_t feature_count;
    size_t *targets;
    size_t target_count;
    float *classes; /* by place of a word to be learned: the model's class; NULL: the place */
} csv_context;

static void free_context(csv_context *csv)
{
    md_csv_table_clear(&csv->table);
    md_csv_model_clear(&csv->model);
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

/* Who only wants answers need not bring the right ones. */
static int is_optional(const csv_context *csv)
{
    return csv->source->wishes.model != NULL;
}

static md_status leave_answers(csv_context *csv, const md_error *why, md_error *err)
{
    csv->target_count = 0;
    return md_source_leave_answers(csv->source, why, err);
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

static int is_known(const void *context, const char *name)
{
    const md_csv_table *t = context;
    return t->has_header && md_csv_find_column(t, name) < t->column_count;
}

/* Was the model made of columns without names, which the table has? */
static int is_nameless(const md_csv_model *m, const md_csv_table *t)
{
    int64_t number;
    if (md_csv_find_column(t, m->columns[0]) < t->column_count)
        return 0;
    for (size_t i = 0; i < m->column_count; i++)
        if (strncmp(m->columns[i], "column ", 7) != 0 ||
            !md_parse_i64(m->columns[i] + 7, 1, INT64_MAX, &number))
            return 0;
    return 1;
}

/* Where one of both has no names, the model's columns are those of the table in their order, less
 * those to be learned; a table of no more columns has none of these. */
static md_status name_by_place(csv_context *csv, md_error *err)
{
    md_csv_table *t = &csv->table;
    const md_csv_model *m = &csv->model;
    if (is_optional(csv) && t->column_count == m->column_count)
        csv->target_count = 0;
    if (t->column_count - csv->target_count != m->column_count)
        return md_fail(err, MD_BAD_DATA,
                       "%s: has %zu columns%s, and the model takes %zu: '%.60s'%s; give it those "
                       "alone, or name its columns in a first line",
                       csv->where, t->column_count, t->has_header ? "" : " without names",
                       m->column_count, m->columns[0], m->column_count > 1 ? ", ..." : "");
    for (size_t i = 0, k = 0; i < t->column_count; i++) {
        if (is_target(csv, i))
            continue;
        char *name = strdup(m->columns[k++]);
        if (!name)
            return md_fail_memory(err, "a column's name", NAME_SIZE);
        free(t->columns[i].name);
        t->columns[i].name = name;
    }
    return MD_OK;
}

static size_t features_of(const md_model_spec *model)
{
    const md_shape input = md_model_spec_input(model);
    return md_shape_size(&input);
}

/* A table of no more columns than a model without names takes features has none to be learned. */
static md_status find_targets(csv_context *csv, md_error *err)
{
    const md_source_wishes *wishes = &csv->source->wishes;
    const md_csv_table *t = &csv->table;
    md_error why;
    md_status status = md_csv_find_targets(t, csv->where, wishes->target, is_optional(csv),
                                           &csv->targets, &csv->target_count, &why);
    if (!status && csv->target_count > 0 && wishes->model && csv->model.column_count == 0 &&
        t->column_count == features_of(wishes->model))
        status = md_fail(&why, MD_BAD_DATA,
                         "%s: has as many columns as the model takes features, so that column "
                         "'%.60s' is one of them",
                         csv->where, t->columns[csv->targets[0]].name);
    if (status == MD_BAD_DATA && is_optional(csv))
        return leave_answers(csv, &why, err);
    return status ? md_fail(err, status, "%s", why.text) : MD_OK;
}

/* The columns of the model's features, found by their names. */
static md_status mark_features(csv_context *csv, md_error *err)
{
    md_csv_table *t = &csv->table;
    const md_csv_model *m = &csv->model;
    for (size_t i = 0; i < m->feature_count; i++) {
        const size_t column = md_csv_find_column(t, m->columns[m->features[i].column]);
        if (column == t->column_count)
            return md_csv_fail_column(t, csv->where, m->columns[m->features[i].column], err);
        t->columns[column].known = 1;
        t->columns[column].is_words = m->features[i].word != NULL;
    }
    return MD_OK;
}

/* Before values are taken: the columns that are needed, and whether the model knows words of them.
 */
static md_status plan(void *context, md_csv_table *t, md_error *err)
{
    csv_context *csv = context;
    const md_scale *scale = csv->source->wishes.scale;
    md_csv_model *m = &csv->model;
    if (!scale || !scale->feature_names)
        return find_targets(csv, err);
    md_status status = md_csv_model_read(scale->feature_names, is_known, t, m, err);
    const int by_place = !status && (!t->has_header || is_nameless(m, t));
    if (by_place)
        status = find_targets(csv, err);
    if (by_place && !status)
        status = name_by_place(csv, err);
    if (!status)
        status = mark_features(csv, err);
    return status || by_place ? status : find_targets(csv, err);
}

static md_status take_models(csv_context *csv, md_error *err)
{
    const md_csv_model *m = &csv->model;
    md_status status = MD_OK;
    for (size_t i = 0; i < m->feature_count && !status; i++) {
        const size_t column = md_csv_find_column(&csv->table, m->columns[m->features[i].column]);
        const char *word = m->features[i].word;
        status = add_feature(csv, column,
                             word ? md_csv_find_word(&csv->table.columns[column], word) : -1, err);
    }
    return status;
}

/* Each word of a column must be one that the model knows. */
static md_status check_words(const csv_context *csv, md_error *err)
{
    for (size_t i = 0; i < csv->feature_count; i++) {
        const size_t column = csv->features[i].column;
        const md_csv_column *c = &csv->table.columns[column];
        if (i > 0 && csv->features[i - 1].column == column)
            continue;
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
                               csv->where, c->name, snippet);
        }
    }
    return MD_OK;
}

/* Several to be learned are those of the model, in its order. */
static md_status check_names(const csv_context *csv, md_error *err)
{
    const md_source_wishes *wishes = &csv->source->wishes;
    const char *found = csv->source->class_names;
    const char *wanted = wishes->model && wishes->scale ? wishes->scale->class_names : NULL;
    size_t at = 0, from = 0;
    if (csv->target_count < 2 || !found || !wanted || strcmp(found, wanted) == 0)
        return MD_OK;
    for (; found[at] && found[at] == wanted[at]; at++)
        from = found[at] == '\n' ? at + 1 : from;
    return md_fail(err, MD_BAD_DATA,
                   "%s: column '%.*s' is to be learned where the model's is '%.*s'; name and order "
                   "them as those trained on",
                   csv->where, (int)strcspn(found + from, "\n"), found + from,
                   (int)strcspn(wanted + from, "\n"), wanted + from);
}

/* Numbers to be met, and classes that have a column each, are named by their columns. */
static md_status name_targets(const csv_context *csv, md_error *err)
{
    for (size_t i = 0; i < csv->target_count; i++) {
        const md_csv_column *c = &csv->table.columns[csv->targets[i]];
        if (c->is_words)
            return md_fail(err, MD_BAD_DATA,
                           "%s: column '%.60s' holds words, such as '%.60s', where numbers are to "
                           "be learned; words alone are classes",
                           csv->where, c->name, c->words[0]);
        if (csv->table.has_header && !append(&csv->source->class_names, c->name, NULL))
            return md_fail_memory(err, "names", NAME_SIZE);
    }
    return check_names(csv, err);
}

/* Words to be learned are classes, the model's where there is one. */
static md_status take_classes(csv_context *csv, md_error *err)
{
    const size_t column = csv->targets[0];
    const md_csv_column *c = &csv->table.columns[column];
    for (size_t k = 0; c->is_words && k < c->word_count; k++)
        if (!append(&csv->source->class_names, c->words[k], NULL))
            return md_fail_memory(err, "names", NAME_SIZE);
    return md_csv_match_classes(c, csv->table.values[column], csv->where, &csv->source->wishes,
                                &csv->classes, err);
}

/* The first fault of a column that is needed. */
static md_status check_features(const csv_context *csv, md_error *err)
{
    size_t first = csv->table.column_count;
    for (size_t i = 0; i < csv->feature_count; i++) {
        const size_t column = csv->features[i].column;
        if (column < first && csv->table.columns[column].fault)
            first = column;
    }
    return first < csv->table.column_count
               ? md_fail(err, MD_BAD_DATA, "%s", csv->table.columns[first].fault)
               : MD_OK;
}

static md_status take_targets(csv_context *csv, md_error *err)
{
    for (size_t i = 0; i < csv->target_count; i++)
        if (csv->table.columns[csv->targets[i]].fault)
            return md_fail(err, MD_BAD_DATA, "%s", csv->table.columns[csv->targets[i]].fault);
    return csv->source->wishes.numbers || csv->target_count > 1 ? name_targets(csv, err)
                                                                : take_classes(csv, err);
}

static md_status take_answers(csv_context *csv, md_error *err)
{
    md_error why;
    if (csv->target_count == 0)
        return MD_OK;
    md_status status = take_targets(csv, &why);
    if (status == MD_BAD_DATA && is_optional(csv))
        return leave_answers(csv, &why, err);
    return status ? md_fail(err, status, "%s", why.text) : MD_OK;
}

/* Words that hardly repeat are a name, a date or a number gone wrong. */
static md_status note_words(const csv_context *csv, md_error *err)
{
    const size_t rows = csv->table.row_count;
    md_status status = MD_OK;
    for (size_t i = 0; i < csv->table.column_count && !status; i++) {
        const md_csv_column *c = &csv->table.columns[i];
        if (is_target(csv, i) || !c->is_words || c->word_count < MANY_WORDS ||
            c->word_count * FEW_ROWS <= rows)
            continue;
        char name[MD_SNIPPET_SIZE], first[MD_SNIPPET_SIZE], last[MD_SNIPPET_SIZE];
        md_text_snippet(c->name, name);
        md_text_snippet(c->words[0], first);
        md_text_snippet(c->words[c->word_count - 1], last);
        status = md_source_note(csv->source, err,
                                "%s: column %zu ('%s') holds %zu words in %zu rows ('%s', ..., "
                                "'%s'), each of which becomes a feature; leave out what names rows",
                                csv->where, i + 1, name, c->word_count, rows, first, last);
    }
    return status;
}

/* What was taken for names may have been values. */
static md_status note_header(const csv_context *csv, md_error *err)
{
    const md_csv_table *t = &csv->table;
    size_t again = 0;
    for (size_t i = 0; i < t->column_count; i++)
        again +=
            t->columns[i].is_words && md_csv_find_word(&t->columns[i], t->columns[i].name) >= 0;
    if (!t->has_header || (!t->numbered && again < t->column_count))
        return MD_OK;
    return md_source_note(csv->source, err,
                          "%s: the first row ('%.60s', ..., '%.60s') is taken for the columns' "
                          "names; if it holds values, put a line of names above it",
                          csv->where, t->columns[0].name, t->columns[t->column_count - 1].name);
}

/* Numbers that lie close together and far from 0 are made alike by float32. */
static md_status note_rounded(const csv_context *csv, md_error *err)
{
    static const double bearable = 1.0 / 16.0; /* of what they lie apart */
    md_status status = MD_OK;
    for (size_t i = 0; i < csv->table.column_count && !status; i++) {
        const md_csv_column *c = &csv->table.columns[i];
        char name[MD_SNIPPET_SIZE];
        if (c->is_words || c->fault || c->most <= c->least ||
            c->lost <= bearable * (c->most - c->least))
            continue;
        md_text_snippet(c->name, name);
        status = md_source_note(csv->source, err,
                                "%s: column %zu ('%s') lies from %.17g to %.17g, and float32 "
                                "changes its numbers by up to %.2g; subtract an offset first",
                                csv->where, i + 1, name, c->least, c->most, c->lost);
    }
    return status;
}

static md_status note(const csv_context *csv, md_error *err)
{
    md_status status = note_header(csv, err);
    if (!status)
        status = note_words(csv, err);
    return status ? status : note_rounded(csv, err);
}

/* Columns of a model without names are told by how many there are. */
static md_status check_count(const csv_context *csv, md_error *err)
{
    const md_model_spec *model = csv->source->wishes.model;
    const size_t count = csv->feature_count, columns = csv->table.column_count;
    if (!model || csv->model.column_count > 0 || count == features_of(model))
        return MD_OK;
    return md_fail(
        err, MD_BAD_DATA,
        "%s: has %zu columns%s, of which %zu features are made, and the model takes %zu; "
        "give it those alone%s",
        csv->where, columns, csv->target_count > 0 ? "" : ", none named 'label'", count,
        features_of(model),
        csv->target_count > 0 ? "" : ", or name the column to be learned 'label'");
}

static md_status understand(csv_context *csv, md_error *err)
{
    md_source *source = csv->source;
    md_status status = csv->model.column_count > 0
                           ? take_models(csv, err)
                           : take_features(csv, &source->feature_names, err);
    if (!status)
        status = check_count(csv, err);
    if (!status)
        status = check_features(csv, err);
    if (!status && csv->model.column_count > 0)
        status = check_words(csv, err);
    if (!status)
        status = take_answers(csv, err);
    if (!status && csv->model.column_count == 0)
        status = note(csv, err);
    if (status)
        return status;
    const size_t n = csv->table.row_count;
    source->single = source->integers = 1;
    md_array *x = &source->x[MD_SPLIT_TRAIN], *y = &source->y[MD_SPLIT_TRAIN];
    *x = (md_array){.type = MD_NUMBER_F32, .rank = 2, .extent = {n, csv->feature_count}};
    x->place = FEATURES;
    snprintf(x->name, sizeof x->name, "%s", csv->where);
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
    csv->source = source;
    csv->where = where;
    md_status status = md_csv_table_read(where, plan, csv, &csv->table, err);
    if (!status)
        status = understand(csv, err);
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
