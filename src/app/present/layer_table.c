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

/* "28 x 28" */
static void print_shape(const md_shape *shape, char out[CELL])
{
    size_t used = 0;
    for (int i = 0; i < shape->rank && used < CELL; i++)
        used +=
            (size_t)snprintf(out + used, CELL - used, "%s%zu", i ? " x " : "", shape->extent[i]);
}

/* "relu", "rate 0.2": words say what they are, and units are the shape. */
static void print_detail(const md_layer_spec *layer, char out[CELL])
{
    const md_layer_descriptor *kind = md_layer_describe(layer->kind);
    size_t used = 0;
    for (size_t i = 0; i < kind->key_count && used < CELL; i++) {
        const md_key *key = &kind->keys[i];
        char value[MD_VALUE_SIZE];
        if (strcmp(key->name, "units") == 0)
            continue;
        md_key_format(key, layer, value);
        used += (size_t)snprintf(out + used, CELL - used, "%s%s%s%s", used ? ", " : "",
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

void md_layer_table_print(const md_model_spec *spec, FILE *out)
{
    layer_row rows[MD_MAX_LAYERS];
    fill(spec, rows);
    for (int i = 0; i < spec->layer_count; i++) {
        const layer_row *row = &rows[i];
        fprintf(out, "  %-12s %-8s %7s -> ", row->name, row->kind, row->in);
        if (*row->parameters)
            fprintf(out, "%-7s %-8s %8s parameters", row->out, row->detail, row->parameters);
        else if (*row->detail)
            fprintf(out, "%-7s %s", row->out, row->detail);
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
