#include "layer_table.h"

#include <string.h>

#include "html.h"
#include "mnist_dist/model/layer_kind.h"

enum { CELL = 96 };

typedef struct layer_row {
    const char *name, *kind;
    char in[CELL], out[CELL];
    char detail[CELL];     /* its kind's keys; may be empty */
    char parameters[CELL]; /* empty for a layer without any */
} layer_row;

/* "28x28": tight, so that images with channels fit a terminal */
static void print_shape(const md_shape *shape, char out[CELL])
{
    size_t used = 0;
    for (int i = 0; i < shape->rank && used < CELL; i++)
        used += (size_t)snprintf(out + used, CELL - used, "%s%zu", i ? "x" : "", shape->extent[i]);
}

/* What a reader would ask for: not what the shape shows, nor what is as usual. */
static int is_told(const md_key *key, const char *value)
{
    const int is_shape = strcmp(key->name, "units") == 0 || strcmp(key->name, "filters") == 0;
    return !is_shape && !(key->standard && strcmp(key->standard, value) == 0);
}

static int is_window(const md_key *key)
{
    const size_t length = strlen(key->name), end = strlen("_size");
    return length > end && strcmp(key->name + length - end, "_size") == 0;
}

/* "relu", "rate 0.2", "3x3, strides 2": words say what they are. */
static void print_detail(const md_layer_spec *layer, char out[CELL])
{
    const md_layer_descriptor *kind = md_layer_describe(layer->kind);
    size_t used = 0;
    for (size_t i = 0; i < kind->key_count && used < CELL; i++) {
        const md_key *key = &kind->keys[i];
        char value[MD_VALUE_SIZE];
        const char *comma = used ? ", " : "";
        md_key_format(key, layer, value);
        if (!is_told(key, value))
            continue;
        if (is_window(key))
            used += (size_t)snprintf(out + used, CELL - used, "%s%sx%s", comma, value, value);
        else
            used += (size_t)snprintf(out + used, CELL - used, "%s%s%s%s", comma,
                                     key->choices ? "" : key->name, key->choices ? "" : " ", value);
    }
}

static void fill(const md_model_spec *spec, layer_row rows[MD_MAX_LAYERS])
{
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_spec *layer = &spec->layers[i];
        size_t parameters = 0;
        rows[i] = (layer_row){.name = layer->name, .kind = md_layer_kind_name(layer->kind)};
        print_shape(&layout.shapes[i], rows[i].in);
        print_shape(&layout.shapes[i + 1], rows[i].out);
        print_detail(layer, rows[i].detail);
        for (int t = layout.first[i]; t < layout.first[i + 1]; t++)
            parameters += layout.tensors[t].count;
        if (parameters)
            snprintf(rows[i].parameters, CELL, "%zu", parameters);
    }
}

static void widen(int *width, const char *cell)
{
    const int length = (int)strlen(cell);
    *width = length > *width ? length : *width;
}

void md_layer_table_print(const md_model_spec *spec, FILE *out)
{
    layer_row rows[MD_MAX_LAYERS];
    int name = 12, kind = 8, in = 7, behind = 7, detail = 8;
    fill(spec, rows);
    for (int i = 0; i < spec->layer_count; i++) {
        widen(&name, rows[i].name);
        widen(&kind, rows[i].kind);
        widen(&in, rows[i].in);
        widen(&behind, rows[i].out);
        widen(&detail, *rows[i].parameters ? rows[i].detail : "");
    }
    for (int i = 0; i < spec->layer_count; i++) {
        const layer_row *row = &rows[i];
        fprintf(out, "  %-*s %-*s %*s -> ", name, row->name, kind, row->kind, in, row->in);
        if (*row->parameters)
            fprintf(out, "%-*s %-*s %8s parameters", behind, row->out, detail, row->detail,
                    row->parameters);
        else if (*row->detail)
            fprintf(out, "%-*s %s", behind, row->out, row->detail);
        else
            fprintf(out, "%s", row->out);
        fputc('\n', out);
    }
}

void md_layer_table_print_html(const md_model_spec *spec, FILE *out)
{
    layer_row rows[MD_MAX_LAYERS];
    fill(spec, rows);
    fprintf(out, "<div class=\"scroll\"><table class=\"words\"><thead><tr><th>layer</th>"
                 "<th>kind</th><th>shape</th><th></th><th>parameters</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < spec->layer_count; i++) {
        fprintf(out, "<tr><th scope=\"row\">");
        md_html_text(out, rows[i].name);
        fprintf(out, "</th><td>%s</td><td>%s &rarr; %s</td><td>%s</td><td>%s</td></tr>\n",
                rows[i].kind, rows[i].in, rows[i].out, rows[i].detail, rows[i].parameters);
    }
    fprintf(out, "</tbody></table></div>\n");
}
