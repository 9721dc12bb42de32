#include "csv_table.h"

#include <csv.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "csv_cell.h"
#include "csv_line.h"
#include "csv_names.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/text.h"
#include "source_internal.h"
#include "stream.h"

enum { CHUNK = 64 * 1024, MOST_WORDS = 1000, MOST_COLUMNS = 1 << 20 };

/* One row's cells, one after another, each with a zero byte. */
typedef struct row {
    char *text;
    size_t *begin;
    size_t used, text_capacity, count, begin_capacity;
    size_t line; /* that it ends in, from 1 */
} row;

typedef struct reader {
    const char *path;
    md_csv_named *named; /* with its context */
    void *context;
    md_csv_table *table;
    row now, first; /* being read; the file's first, until it is known what it is */
    int has_first, decided;
    char separator;
    size_t line;
    md_status status; /* of the first failure, after which nothing is read */
    md_error *err;
} reader;

static const char *cell(const row *r, size_t i)
{
    return r->text + r->begin[i];
}

static md_csv_cell read_cell(const reader *r, const char *text, double *out)
{
    return md_csv_cell_read(text, r->separator == ';', out);
}

/* The first fault of a column stays: what follows is not looked at. */
__attribute__((format(printf, 3, 4))) static md_status keep_fault(const reader *r, md_csv_column *c,
                                                                  const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const int length = vasprintf(&c->fault, format, values);
    va_end(values);
    if (length >= 0)
        return MD_OK;
    c->fault = NULL;
    return md_fail_memory(r->err, "a message", MD_SNIPPET_SIZE);
}

static md_status find_fault(reader *r, const row *at, size_t column, const char *what)
{
    char name[MD_SNIPPET_SIZE], found[MD_SNIPPET_SIZE];
    md_csv_column *c = &r->table->columns[column];
    md_text_snippet(c->name, name);
    md_text_snippet(cell(at, column), found);
    return keep_fault(r, c, "%s:%zu: column %zu ('%s') holds '%s', %s", r->path, at->line,
                      column + 1, name, found, what);
}

/* Told of the word that a column begins with, which may be what is wrong. */
static md_status find_number_among_words(reader *r, const row *at, size_t column)
{
    char name[MD_SNIPPET_SIZE], word[MD_SNIPPET_SIZE], found[MD_SNIPPET_SIZE];
    md_csv_column *c = &r->table->columns[column];
    md_text_snippet(c->name, name);
    md_text_snippet(c->words[0], word);
    md_text_snippet(cell(at, column), found);
    return keep_fault(r, c,
                      "%s:%zu: column %zu ('%s') holds '%s', a word, but line %zu the number '%s'; "
                      "leave the row out, or, if all are words, write its numbers as such ('n%s')",
                      r->path, c->line, column + 1, name, word, at->line, found, found);
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names are joined by newlines, so that no word may have one. */
static char *copy_word(const char *word)
{
    char *copy = strdup(word), *to = copy;
    for (const char *from = copy; from && *from; from++)
        if (*from != '\r')
            *to++ = (char)(*from == '\n' ? ' ' : *from);
    if (copy)
        *to = '\0';
    return copy;
}

/* The place of a word in the order of their appearance, for now. */
static md_status place_word(reader *r, const row *at, size_t column, float *out)
{
    md_csv_column *c = &r->table->columns[column];
    char *word = copy_word(cell(at, column));
    if (!word)
        return md_fail_memory(r->err, "a word", strlen(cell(at, column)));
    for (size_t i = 0; i < c->word_count; i++)
        if (strcmp(c->words[i], word) == 0) {
            free(word);
            *out = (float)i;
            return MD_OK;
        }
    md_status status = MD_OK;
    if (c->word_count == MOST_WORDS)
        status = find_fault(r, at, column,
                            "one more than 1000 different words; leave such a column out");
    else
        status = md_grow((void **)&c->words, &c->word_capacity, c->word_count + 1, sizeof *c->words,
                         r->err);
    if (status || c->fault) {
        free(word);
        return status;
    }
    *out = (float)c->word_count;
    c->words[c->word_count++] = word;
    return MD_OK;
}

static void keep_bounds(md_csv_column *c, int first, double number)
{
    c->least = first ? number : fmin(c->least, number);
    c->most = first ? number : fmax(c->most, number);
    c->lost = fmax(c->lost, fabs(number - (double)(float)number));
}

static md_status take_number(reader *r, const row *at, size_t column, md_csv_cell found,
                             double number, float *out)
{
    *out = (float)number;
    if (found == MD_CSV_WORD || found == MD_CSV_MISSING)
        return find_fault(r, at, column, "a word among numbers; mend it or leave the row out");
    if (found == MD_CSV_ENDLESS || !isfinite(*out))
        return find_fault(r, at, column,
                          "where only finite numbers can be; mend it or leave the row out");
    keep_bounds(&r->table->columns[column], r->table->row_count == 0, number);
    return MD_OK;
}

static md_status take_cell(reader *r, const row *at, size_t column, float *out)
{
    md_csv_column *c = &r->table->columns[column];
    double number = 0.0;
    *out = 0.0f;
    if (c->fault)
        return MD_OK;
    if (!cell(at, column)[0])
        return find_fault(r, at, column, "which is empty; fill it or leave the row out");
    if (c->known && c->is_words)
        return place_word(r, at, column, out);
    const md_csv_cell found = read_cell(r, cell(at, column), &number);
    if (c->line == 0 && !c->known)
        c->is_words = found == MD_CSV_WORD || found == MD_CSV_MISSING;
    if (c->line == 0)
        c->line = at->line;
    if (found == MD_CSV_NEAR_NUMBER)
        return find_fault(r, at, column,
                          strchr(cell(at, column), ',')
                              ? "whose comma is a decimal's or one of thousands; write 1234.5"
                              : "a number that is not understood; write 1234.5 or 1.2e-3");
    if (!c->is_words)
        return take_number(r, at, column, found, number, out);
    if (found == MD_CSV_NUMBER || found == MD_CSV_ENDLESS)
        return find_number_among_words(r, at, column);
    return place_word(r, at, column, out);
}

static md_status take_row(reader *r, const row *at)
{
    md_csv_table *t = r->table;
    if (at->count != t->column_count)
        return md_fail(r->err, MD_BAD_DATA,
                       "%s:%zu: has %zu cells where the first row has %zu; give all rows as many",
                       r->path, at->line, at->count, t->column_count);
    md_status status = md_grow((void **)&t->values, &t->value_capacity,
                               (t->row_count + 1) * t->column_count, sizeof *t->values, r->err);
    float *values = status ? NULL : t->values + t->row_count * t->column_count;
    for (size_t i = 0; !status && i < t->column_count; i++)
        status = take_cell(r, at, i, &values[i]);
    t->row_count++;
    return status;
}

/* As pandas numbers columns, behind a blank name for the rows' own; without that, two might be
 * values. */
static int is_numbered(const row *first)
{
    const size_t blank = cell(first, 0)[0] == '\0';
    char wanted[32];
    for (size_t i = blank; i < first->count; i++) {
        snprintf(wanted, sizeof wanted, "%zu", i - blank);
        if (strcmp(cell(first, i), wanted) != 0)
            return 0;
    }
    return first->count > 2;
}

/* Words above numbers, or nothing but words above words. A value that is missing is no name where
 * numbers stand beside it. `second` may be NULL. */
static int is_header(const reader *r, const row *first, const row *second)
{
    size_t numbers = 0;
    double number;
    for (size_t i = 0; i < first->count; i++) {
        const md_csv_cell above = read_cell(r, cell(first, i), &number);
        const md_csv_cell below = above == MD_CSV_WORD && second && i < second->count
                                      ? read_cell(r, cell(second, i), &number)
                                      : MD_CSV_WORD;
        if (below != MD_CSV_WORD && below != MD_CSV_MISSING)
            return 1;
        numbers += above != MD_CSV_WORD && above != MD_CSV_MISSING;
    }
    return numbers == 0;
}

static md_status copy_names(reader *r, char **names)
{
    const md_csv_table *t = r->table;
    for (size_t i = 0; i < t->column_count; i++) {
        char number[32];
        snprintf(number, sizeof number, "column %zu", i + 1);
        names[i] = strdup(t->has_header ? cell(&r->first, i) : number);
        if (!names[i])
            return md_fail_memory(r->err, "a column's name", sizeof number);
        md_text_make_printable(names[i]);
        t->columns[i].name = names[i];
    }
    return md_csv_make_unique(names, t->column_count, r->err);
}

static md_status name_columns(reader *r)
{
    md_csv_table *t = r->table;
    t->column_count = r->first.count;
    if (t->column_count > MOST_COLUMNS)
        return md_fail(r->err, MD_BAD_DATA, "%s: has %zu columns, and %d are read at most", r->path,
                       t->column_count, MOST_COLUMNS);
    char **names = NULL;
    md_status status =
        md_allocate((void **)&t->columns, t->column_count, sizeof *t->columns, "columns", r->err);
    if (!status)
        status = md_allocate((void **)&names, t->column_count, sizeof *names, "names", r->err);
    if (!status)
        status = copy_names(r, names);
    for (size_t i = 0; names && i < t->column_count; i++) {
        t->columns[i].renamed = t->columns[i].name != names[i];
        t->columns[i].name = names[i];
    }
    free(names);
    return status ? status : r->named(r->context, t, r->err);
}

/* Once it is known what the first row is. */
static md_status decide(reader *r, const row *second)
{
    r->decided = 1;
    r->table->numbered = is_numbered(&r->first);
    r->table->has_header = r->table->numbered || is_header(r, &r->first, second);
    md_status status = name_columns(r);
    return status || r->table->has_header ? status : take_row(r, &r->first);
}

static void end_row(int terminator, void *context)
{
    reader *r = context;
    (void)terminator;
    r->now.line = r->line;
    if (r->status || r->now.count == 0)
        return;
    if (!r->has_first) {
        r->first = r->now;
        r->now = (row){0};
        r->has_first = 1;
        return;
    }
    if (!r->decided)
        r->status = decide(r, &r->now);
    if (!r->status)
        r->status = take_row(r, &r->now);
    r->now.count = r->now.used = 0;
}

static void end_cell(void *bytes, size_t size, void *context)
{
    reader *r = context;
    row *at = &r->now;
    if (!r->status)
        r->status = md_grow((void **)&at->text, &at->text_capacity, at->used + size + 1, 1, r->err);
    if (!r->status)
        r->status = md_grow((void **)&at->begin, &at->begin_capacity, at->count + 1,
                            sizeof *at->begin, r->err);
    if (r->status)
        return;
    if (size > 0)
        memcpy(at->text + at->used, bytes, size);
    at->text[at->used + size] = '\0';
    at->begin[at->count++] = at->used;
    at->used += size + 1;
}

/* Line by line, so that each row knows its own. */
static md_status parse_chunk(reader *r, struct csv_parser *parser, const char *text, size_t size)
{
    while (size > 0 && !r->status) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end ? (size_t)(end - text) + 1 : size;
        if (memchr(text, '\0', length))
            return r->status = md_fail(r->err, MD_BAD_DATA,
                                       "%s:%zu: holds a zero byte, so it is no "
                                       "CSV",
                                       r->path, r->line);
        if (csv_parse(parser, text, length, end_cell, end_row, r) != length)
            return r->status = md_fail(r->err, MD_BAD_DATA,
                                       "%s:%zu: cannot be read as CSV: %s; "
                                       "check its quotes",
                                       r->path, r->line, csv_strerror(csv_error(parser)));
        r->line += end != NULL;
        text += length;
        size -= length;
    }
    return r->status;
}

static md_status parse_file(reader *r, md_stream *stream, struct csv_parser *parser, char *chunk)
{
    size_t got = 1;
    for (int begun = 0; got > 0 && !r->status; begun = 1) {
        r->status = md_stream_some(stream, chunk, CHUNK, &got, r->err);
        size_t skipped = 0;
        if (!r->status && !begun) {
            skipped = md_csv_skip_blank(chunk, got);
            for (size_t i = 0; i < skipped; i++)
                r->line += chunk[i] == '\n';
            r->separator = md_csv_separator(chunk + skipped,
                                            md_csv_line_length(chunk + skipped, got - skipped));
            csv_set_delim(parser, r->separator ? (unsigned char)r->separator : CSV_COMMA);
        }
        if (!r->status)
            parse_chunk(r, parser, chunk + skipped, got - skipped);
    }
    if (!r->status && csv_fini(parser, end_cell, end_row, r) != 0)
        r->status = md_fail(r->err, MD_BAD_DATA, "%s: ends inside of quotes", r->path);
    if (!r->status && r->has_first && !r->decided)
        r->status = decide(r, NULL);
    if (!r->status && r->table->row_count == 0)
        r->status = md_fail(r->err, MD_BAD_DATA, "%s: has no rows of values", r->path);
    return r->status;
}

/* Words in the order of their bytes, so that no order of rows shows. */
static md_status sort_words(md_csv_table *t, size_t column, md_error *err)
{
    md_csv_column *c = &t->columns[column];
    float *place;
    char **sorted;
    md_status status = md_allocate((void **)&place, c->word_count, sizeof *place, "words", err);
    if (status)
        return status;
    status = md_allocate((void **)&sorted, c->word_count, sizeof *sorted, "words", err);
    if (!status) {
        memcpy(sorted, c->words, c->word_count * sizeof *sorted);
        qsort(sorted, c->word_count, sizeof *sorted, compare_words);
        for (size_t i = 0; i < c->word_count; i++)
            for (size_t k = 0; k < c->word_count; k++)
                if (sorted[k] == c->words[i])
                    place[i] = (float)k;
        for (size_t n = 0; n < t->row_count; n++) {
            float *value = &t->values[n * t->column_count + column];
            *value = place[(size_t)*value];
        }
        memcpy(c->words, sorted, c->word_count * sizeof *sorted);
        free(sorted);
    }
    free(place);
    return status;
}

md_status md_csv_table_read(const char *path, md_csv_named *named, void *context, md_csv_table *out,
                            md_error *err)
{
    reader r = {
        .path = path, .named = named, .context = context, .table = out, .line = 1, .err = err};
    struct csv_parser parser;
    md_stream *stream = NULL;
    char *chunk = malloc(CHUNK);
    *out = (md_csv_table){0};
    if (!chunk || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(chunk);
        return md_fail_memory(err, "a CSV file", CHUNK);
    }
    r.status = md_stream_open(path, &stream, err);
    if (!r.status)
        parse_file(&r, stream, &parser, chunk);
    for (size_t i = 0; !r.status && i < out->column_count; i++)
        if (out->columns[i].is_words && !out->columns[i].fault)
            r.status = sort_words(out, i, err);
    md_stream_close(&stream);
    csv_free(&parser);
    free(r.now.text);
    free(r.now.begin);
    free(r.first.text);
    free(r.first.begin);
    free(chunk);
    return r.status;
}

void md_csv_table_clear(md_csv_table *table)
{
    for (size_t i = 0; table->columns && i < table->column_count; i++) {
        md_csv_column *c = &table->columns[i];
        for (size_t k = 0; k < c->word_count; k++)
            free(c->words[k]);
        free(c->words);
        free(c->name);
        free(c->fault);
    }
    free(table->columns);
    free(table->values);
    *table = (md_csv_table){0};
}

int md_csv_recognises(const char *path)
{
    struct stat info;
    md_stream *stream;
    md_error why;
    size_t got = 0;
    char *start = malloc(CHUNK);
    if (!start || stat(path, &info) != 0 || !S_ISREG(info.st_mode) ||
        md_stream_open(path, &stream, &why)) {
        free(start);
        return 0;
    }
    int text = md_stream_some(stream, start, CHUNK, &got, &why) == MD_OK && got > 0;
    const size_t begin = md_csv_skip_blank(start, text ? got : 0);
    const size_t end = begin + md_csv_line_length(start + begin, text ? got - begin : 0);
    for (size_t i = begin; text && i < end; i++)
        text = (unsigned char)start[i] >= ' ' || (start[i] && strchr("\t\r\n", start[i]));
    text = text && md_csv_separator(start + begin, end - begin) != 0;
    md_stream_close(&stream);
    free(start);
    return text;
}
