/* A model as text of our own, so that a checkpoint can be read without Keras' JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/parse.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/model/layer_kind.h"

static void write_layer(const md_layer_spec *layer, FILE *out)
{
    const md_layer_descriptor *d = md_layer_describe(layer->kind);
    fprintf(out, "%s name=%s", md_layer_kind_name(layer->kind), layer->name);
    for (size_t i = 0; i < d->key_count; i++) {
        char value[MD_VALUE_SIZE];
        md_key_format(&d->keys[i], layer, value);
        fprintf(out, " %s=%s", d->keys[i].name, value);
    }
    fputc('\n', out);
}

static void print_spec(const void *context, FILE *out)
{
    const md_model_spec *spec = context;
    fprintf(out, "input rows=%d columns=%d\n", spec->rows, spec->columns);
    for (int i = 0; i < spec->layer_count; i++)
        write_layer(&spec->layers[i], out);
    const md_loss_kind loss = md_model_spec_loss(spec);
    const md_layer_spec *last = &spec->layers[spec->layer_count - 1];
    if (loss == md_loss_of_activation(last->activation))
        return;
    fprintf(out, "loss name=%s", md_loss_describe(loss)->word);
    if (loss == MD_LOSS_HUBER)
        fprintf(out, " delta=%.17g", spec->huber_delta);
    fputc('\n', out);
}

char *md_model_spec_write(const md_model_spec *spec)
{
    md_bytes text;
    md_bytes_print(print_spec, spec, &text, NULL);
    return (char *)text.data;
}

/* The words of one line, "word" or "key=value". */
typedef struct line {
    int number;
    char *rest; /* what is left of it; strtok_r's */
    md_error *err;
} line;

static md_status refuse(const line *l, const char *what, const char *word)
{
    char snippet[MD_SNIPPET_SIZE];
    md_text_snippet(word, snippet);
    return md_fail(l->err, MD_BAD_CHECKPOINT, "@model, line %d: %s '%s'", l->number, what, snippet);
}

/* The next pair, or *key NULL at the end of the line. */
static md_status next_pair(line *l, const char **key, const char **value)
{
    char *word = strtok_r(NULL, " ", &l->rest), *equals = word ? strchr(word, '=') : NULL;
    *key = word;
    *value = "";
    if (!word)
        return MD_OK;
    if (!equals)
        return refuse(l, "no value is given in", word);
    *equals = '\0';
    *value = equals + 1;
    return MD_OK;
}

static md_status read_input(line *l, md_model_spec *out)
{
    const char *key, *value;
    int64_t number;
    while (1) {
        md_status status = next_pair(l, &key, &value);
        if (status || !key)
            return status;
        int *member = strcmp(key, "rows") == 0      ? &out->rows
                      : strcmp(key, "columns") == 0 ? &out->columns
                                                    : NULL;
        if (!member)
            return refuse(l, "the input has no", key);
        if (!md_parse_i64(value, 1, INT32_MAX, &number))
            return refuse(l, "not a size:", value);
        *member = (int)number;
    }
}

static md_status set_name(line *l, md_layer_spec *layer, const char *name)
{
    if (strlen(name) >= sizeof layer->name)
        return refuse(l, "too long a name:", name);
    strcpy(layer->name, name);
    return MD_OK;
}

static md_status read_layer(line *l, const char *word, md_layer_spec *out)
{
    unsigned given = 0; /* a bit for each of the kind's keys */
    *out = (md_layer_spec){0};
    if (!md_layer_kind_parse(word, &out->kind))
        return refuse(l, "there is no kind of layer", word);
    const md_layer_descriptor *d = md_layer_describe(out->kind);
    while (1) {
        const char *name, *value;
        md_status status = next_pair(l, &name, &value);
        if (status)
            return status;
        if (!name)
            break;
        const md_key *key = md_layer_key(out->kind, name);
        if (strcmp(name, "name") == 0)
            status = set_name(l, out, value);
        else if (!key || md_key_set(key, out, value, NULL))
            status = refuse(l, key ? "impossible value" : "no key of this layer is called",
                            key ? value : name);
        const unsigned bit = key ? 1u << (key - d->keys) : 0;
        if (!status && given & bit)
            status = refuse(l, "given twice:", name);
        if (status)
            return status;
        given |= bit;
    }
    return given + 1 < 1u << d->key_count ? refuse(l, "values are missing for layer", out->name)
                                          : MD_OK;
}

static md_status read_loss(line *l, md_model_spec *out)
{
    const char *key, *value;
    while (1) {
        md_status status = next_pair(l, &key, &value);
        if (status || !key)
            return status;
        const int is_delta = strcmp(key, "delta") == 0;
        if (!is_delta && strcmp(key, "name") != 0)
            return refuse(l, "a loss has no", key);
        if (is_delta && !(md_parse_f64(value, &out->huber_delta) && out->huber_delta > 0.0))
            return refuse(l, "not a delta:", value);
        if (!is_delta && !md_loss_parse(value, &out->loss))
            return refuse(l, "there is no loss", value);
    }
}

static md_status read_line(line *l, char *text, md_model_spec *out)
{
    const char *word = strtok_r(text, " ", &l->rest);
    if (!word)
        return refuse(l, "nothing in", "");
    if (l->number == 1)
        return strcmp(word, "input") == 0 ? read_input(l, out)
                                          : refuse(l, "the input is missing before", word);
    if (strcmp(word, "loss") == 0)
        return read_loss(l, out);
    if (out->layer_count == MD_MAX_LAYERS)
        return refuse(l, "one layer too many:", word);
    return read_layer(l, word, &out->layers[out->layer_count++]);
}

static md_status read_lines(char *text, md_model_spec *out, md_error *err)
{
    line l = {.err = err};
    md_status status = MD_OK;
    char *rest = NULL;
    for (char *at = strtok_r(text, "\n", &rest); at && !status; at = strtok_r(NULL, "\n", &rest)) {
        l.number++;
        status = read_line(&l, at, out);
    }
    return status;
}

md_status md_model_spec_read(const char *text, md_model_spec *out, md_error *err)
{
    md_model_spec spec = {0};
    md_error why;
    char *copy = strdup(text);
    if (!copy)
        return md_fail_memory(err, "@model", strlen(text));
    md_status status = read_lines(copy, &spec, err);
    free(copy);
    if (!status && (spec.rows < 1 || spec.columns < 1))
        status = md_fail(err, MD_BAD_CHECKPOINT, "@model does not say how large the input is");
    if (!status && md_model_spec_check(&spec, &why))
        status = md_fail(err, MD_BAD_CHECKPOINT, "@model: %s", why.text);
    if (!status)
        *out = spec;
    return status;
}
