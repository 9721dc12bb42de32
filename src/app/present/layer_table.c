#include "layer_table.h"

#include <string.h>

#include "html.h"

enum { SHAPE_TEXT = 32, PARAMETERS_TEXT = 24 };

typedef struct layer_row {
    const char *name, *kind;
    char in[SHAPE_TEXT], out[SHAPE_TEXT];
    char detail[32];                  /* what its kind adds; may be empty */
    char parameters[PARAMETERS_TEXT]; /* empty for a layer without any */
} layer_row;

static void describe(const md_layer_spec *layer, char *out, size_t size)
{
    if (layer->kind == MD_LAYER_DENSE)
        snprintf(out, size, "%s", md_activation_name(layer->activation));
    else if (layer->kind == MD_LAYER_DROPOUT)
        snprintf(out, size, "rate %g", layer->rate);
}

static void count_parameters(const md_layout *layout, int layer, char out[PARAMETERS_TEXT])
{
    size_t count = 0;
    for (int i = 0; i < layout->tensor_count; i++)
        if (layout->tensors[i].layer == layer)
            count += layout->tensors[i].count;
    if (count)
        snprintf(out, PARAMETERS_TEXT, "%zu", count);
}

static void fill(const md_model_spec *spec, layer_row rows[MD_MAX_LAYERS])
{
    char shape[SHAPE_TEXT];
    md_layout layout;
    md_model_spec_layout(spec, &layout);
    snprintf(shape, sizeof shape, "%d x %d", spec->rows, spec->columns);
    for (int i = 0; i < spec->layer_count; i++) {
        const md_layer_spec *layer = &spec->layers[i];
        rows[i] = (layer_row){.name = layer->name, .kind = md_layer_kind_name(layer->kind)};
        memcpy(rows[i].in, shape, sizeof shape);
        if (layer->kind == MD_LAYER_FLATTEN)
            snprintf(shape, sizeof shape, "%d", spec->rows * spec->columns);
        else if (layer->kind == MD_LAYER_DENSE)
            snprintf(shape, sizeof shape, "%d", layer->units);
        memcpy(rows[i].out, shape, sizeof shape);
        describe(layer, rows[i].detail, sizeof rows[i].detail);
        count_parameters(&layout, i, rows[i].parameters);
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
