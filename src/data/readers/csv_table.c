#include "csv_table.h"

#include <csv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/parse.h"
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
    md_csv_table *table;
    row now, first; /* being read; the file's first, until it is known what it is */
    int has_first, decided;
    size_t line;
    md_status status; /* of the first failure, after which nothing is read */
    md_error *err;
} reader;

static const char *cell(const row *r, size_t i)
{
    return r->text + r->begin[i];
}

/* 1 number, 0 word, -1 a number that is not finite. Digits alone, which most cells of images are,
 * are quick. */
static int parse_number(const char *text, double *out)
{
    unsigned whole = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < 9; i++)
        whole = 10 * whole + (unsigned)(text[i] - '0');
    if (i > 0 && !text[i]) {
        *out = whole;
        return 1;
    }
    if (md_parse_f64(text, out))
        return 1;
    static const char *const endless[] = {"nan", "inf", "infinity", NULL};
    const char *bare = text + (*text == '-' || *text == '+');
    for (size_t k = 0; endless[k]; k++)
        if (strcasecmp(bare, endless[k]) == 0)
            return -1;
    return 0;
}

static md_status fail_cell(reader *r, const row *at, size_t column, const char *what)
{
    char name[MD_SNIPPET_SIZE], found[MD_SNIPPET_SIZE];
    md_text_snippet(r->table->columns[column].name, name);
    md_text_snippet(cell(at, column), found);
    return md_fail(r->err, MD_BAD_DATA, "%s:%zu: column %zu ('%s') holds '%s', %s", r->path,
                   at->line, column + 1, name, found, what);
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The place of a word in the order of their appearance, for now. */
static md_status place_word(reader *r, const row *at, size_t column, float *out)
{
    md_csv_column *c = &r->table->columns[column];
    const char *word = cell(at, column);
    for (size_t i = 0; i < c->word_count; i++)
        if (strcmp(c->words[i], word) == 0) {
            *out = (float)i;
            return MD_OK;
        }
    if (c->word_count == MOST_WORDS)
        return fail_cell(r, at, column,
                         "one more than 1000 different words; leave such a column out");
    md_status status =
        md_grow((void **)&c->words, &c->word_capacity, c->word_count + 1, sizeof *c->words, r->err);
    char *copy = status ? NULL : strdup(word);
    if (!status && !copy)
        status = md_fail_memory(r->err, "a word", strlen(word));
    if (status)
        return status;
    *out = (float)c->word_count;
    c->words[c->word_count++] = copy;
    return MD_OK;
}

static md_status take_cell(reader *r, const row *at, size_t column, float *out)
{
    md_csv_column *c = &r->table->columns[column];
    double number = 0.0;
    if (!cell(at, column)[0])
        return fail_cell(r, at, column, "which is empty; fill it or leave the row out");
    if (c->is_words)
        return place_word(r, at, column, out);
    const int found = parse_number(cell(at, column), &number);
    *out = (float)number;
    if (found == 0)
        return fail_cell(r, at, column, "a word among numbers; mend it or leave the row out");
    if (found < 0 || !isfinite(*out))
        return fail_cell(r, at, column,
                         "where only finite numbers can be; mend it or leave the row out");
    return MD_OK;
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
    for (size_t i = 0; !status && i < t->column_count; i++) {
        double number;
        if (t->row_count == 0)
            t->columns[i].is_words = parse_number(cell(at, i), &number) == 0;
        status = take_cell(r, at, i, &values[i]);
    }
    t->row_count++;
    return status;
}

/* Words above numbers, or nothing but words above words. `second` may be NULL. */
static int is_header(const row *first, const row *second)
{
    size_t words = 0;
    double number;
    for (size_t i = 0; i < first->count; i++) {
        const int word = parse_number(cell(first, i), &number) == 0;
        words += (size_t)word;
        if (word && second && i < second->count && parse_number(cell(second, i), &number) != 0)
            return 1;
    }
    return words == first->count;
}

static md_status name_columns(reader *r)
{
    md_csv_table *t = r->table;
    t->column_count = r->first.count;
    if (t->column_count > MOST_COLUMNS)
        return md_fail(r->err, MD_BAD_DATA, "%s: has %zu columns, and %d are read at most", r->path,
                       t->column_count, MOST_COLUMNS);
    md_status status =
        md_allocate((void **)&t->columns, t->column_count, sizeof *t->columns, "columns", r->err);
    for (size_t i = 0; !status && i < t->column_count; i++) {
        char number[32];
        snprintf(number, sizeof number, "column %zu", i + 1);
        char *name = strdup(t->has_header ? cell(&r->first, i) : number);
        if (!name)
            return md_fail_memory(r->err, "a column's name", sizeof number);
        md_text_make_printable(name);
        t->columns[i].name = name;
    }
    return status;
}

/* Once it is known what the first row is. */
static md_status decide(reader *r, const row *second)
{
    r->decided = 1;
    r->table->has_header = is_header(&r->first, second);
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
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, before the first cell */
    reader *r = context;
    row *at = &r->now;
    const char *text = bytes;
    if (!r->has_first && at->count == 0 && size >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    if (!r->status)
        r->status = md_grow((void **)&at->text, &at->text_capacity, at->used + size + 1, 1, r->err);
    if (!r->status)
        r->status = md_grow((void **)&at->begin, &at->begin_capacity, at->count + 1,
                            sizeof *at->begin, r->err);
    if (r->status)
        return;
    if (size > 0)
        memcpy(at->text + at->used, text, size);
    at->text[at->used + size] = '\0';
    at->begin[at->count++] = at->used;
    at->used += size + 1;
}

static unsigned char separator_of(const char *text, size_t size)
{
    static const char candidates[] = ",;\t";
    size_t most = 0;
    unsigned char best = 0;
    for (size_t k = 0; candidates[k]; k++) {
        size_t count = 0;
        int quoted = 0;
        for (size_t i = 0; i < size && text[i] != '\n'; i++) {
            quoted ^= text[i] == '"';
            count += !quoted && text[i] == candidates[k];
        }
        if (count > most) {
            most = count;
            best = (unsigned char)candidates[k];
        }
    }
    return best;
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
        if (!r->status && !begun) {
            const unsigned char separator = separator_of(chunk, got);
            csv_set_delim(parser, separator ? separator : CSV_COMMA);
        }
        if (!r->status)
            parse_chunk(r, parser, chunk, got);
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

md_status md_csv_table_read(const char *path, md_csv_table *out, md_error *err)
{
    reader r = {.path = path, .table = out, .line = 1, .err = err};
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
        if (out->columns[i].is_words)
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
    for (size_t i = 0; text && i < got; i++)
        text = (unsigned char)start[i] >= ' ' || strchr("\t\r\n", start[i]) != NULL;
    for (size_t i = 0; text && i < got; i++)
        text = start[i] != '\0';
    text = text && separator_of(start, got) != 0;
    md_stream_close(&stream);
    free(start);
    return text;
}
