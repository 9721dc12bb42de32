/* The layers of `model`: keys of each kind, reading, writing. */
#include <string.h>

#include "config_yaml.h"

/* A layer in the words of the file. */
typedef struct layer_form {
    char name[MD_NAME_SIZE];
    int64_t units;
    char activation[MD_WORD_SIZE];
    double rate;
} layer_form;

typedef struct layer_key {
    unsigned kinds; /* bit k: layers of md_layer_kind k have it */
    md_key key;
} layer_key;

enum {
    ALL = 1 << MD_LAYER_FLATTEN | 1 << MD_LAYER_DENSE | 1 << MD_LAYER_DROPOUT,
    DENSE = 1 << MD_LAYER_DENSE,
    DROPOUT = 1 << MD_LAYER_DROPOUT
};

static const char *const activations[] = {"relu", "softmax", "tanh", "sigmoid", "linear", NULL};

/* In the order of writing. Only `name` may be left out. */
static const layer_key layer_keys[] = {
    {DENSE,
     {"units", MD_KEY_INTEGER, MD_AT(layer_form, units), .low = 1, .high = 1 << 20,
      .help = "dense: outputs"}},
    {DENSE,
     {"activation", MD_KEY_WORD, MD_AT(layer_form, activation), .choices = activations,
      .help = "dense; softmax on the last layer only"}},
    {DROPOUT,
     {"rate", MD_KEY_REAL, MD_AT(layer_form, rate), .high = 1, .open = MD_OPEN_HIGH,
      .help = "dropout: the share of values set to zero"}},
    {ALL,
     {"name", MD_KEY_TEXT, MD_AT(layer_form, name),
      .help = "the layer's name in files; made up when left out"}},
};

enum { LAYER_KEYS = sizeof layer_keys / sizeof *layer_keys, NAME_KEY = LAYER_KEYS - 1 };

static const md_key *find_layer_key(md_layer_kind kind, const char *name)
{
    for (size_t i = 0; i < LAYER_KEYS; i++)
        if (layer_keys[i].kinds >> kind & 1 && strcmp(layer_keys[i].key.name, name) == 0)
            return &layer_keys[i].key;
    return NULL;
}

static md_status fail_layer_key(md_layer_kind kind, const char *name, md_error *err)
{
    char snippet[MD_SNIPPET_SIZE], known[MD_VALUE_SIZE] = "layer";
    md_snippet(name, snippet);
    for (size_t i = 0; i < LAYER_KEYS; i++)
        if (layer_keys[i].kinds >> kind & 1) {
            strcat(known, i == NAME_KEY ? " and " : ", ");
            strcat(known, layer_keys[i].key.name);
        }
    return md_fail(err, MD_USAGE, "%s is not a key of a %s layer, which has %s", snippet,
                   md_layer_kind_name(kind), known);
}

static md_status read_kind(md_yaml *yaml, const yaml_node_t *map, md_layer_kind *kind)
{
    static const char *const kinds[] = {"dense", "dropout", "flatten", NULL};
    static const md_key key = {"layer", MD_KEY_WORD, .size = MD_WORD_SIZE, .choices = kinds};
    const yaml_node_t *node = md_yaml_find(yaml, map, "layer");
    if (!node)
        return md_yaml_at(yaml, map,
                          md_fail(yaml->err, MD_USAGE,
                                  "the key layer is missing; give layer: dense, dropout or "
                                  "flatten"));
    char word[MD_WORD_SIZE];
    md_status status = md_yaml_set(yaml, &key, word, node);
    if (!status)
        md_layer_kind_parse(word, kind);
    return status;
}

static md_status check_complete(md_yaml *yaml, const yaml_node_t *map, md_layer_kind kind)
{
    for (size_t i = 0; i < NAME_KEY; i++) {
        const char *name = layer_keys[i].key.name;
        if (layer_keys[i].kinds >> kind & 1 && !md_yaml_find(yaml, map, name))
            return md_yaml_at(yaml, map,
                              md_fail(yaml->err, MD_USAGE, "a %s layer needs the key %s",
                                      md_layer_kind_name(kind), name));
    }
    return MD_OK;
}

static md_layer_spec spec_of(md_layer_kind kind, const layer_form *form)
{
    md_layer_spec layer = {.kind = kind, .units = (int)form->units, .rate = form->rate};
    memcpy(layer.name, form->name, sizeof layer.name);
    if (kind == MD_LAYER_DENSE)
        md_activation_parse(form->activation, &layer.activation);
    return layer;
}

static md_status read_layer(md_yaml *yaml, const yaml_node_t *map, md_layer_spec *out)
{
    md_layer_kind kind = MD_LAYER_FLATTEN;
    layer_form form = {0};
    md_status status = md_yaml_expect(yaml, map, YAML_MAPPING_NODE, "a layer");
    if (!status)
        status = read_kind(yaml, map, &kind);
    if (status)
        return status;
    const yaml_node_pair_t *top = map->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < top; p++) {
        const char *name;
        status = md_yaml_key(yaml, map, p, &name);
        if (status)
            return status;
        if (strcmp(name, "layer") == 0)
            continue;
        const md_key *key = find_layer_key(kind, name);
        status = key ? md_yaml_set(yaml, key, &form, md_yaml_node(yaml, p->value))
                     : md_yaml_at(yaml, md_yaml_node(yaml, p->key),
                                  fail_layer_key(kind, name, yaml->err));
        if (status)
            return status;
    }
    *out = spec_of(kind, &form);
    return check_complete(yaml, map, kind);
}

md_status md_yaml_read_layers(md_yaml *yaml, const yaml_node_t *list, md_model_spec *out)
{
    md_status status = md_yaml_expect(yaml, list, YAML_SEQUENCE_NODE, "model");
    if (status)
        return status;
    md_model_spec spec = {.rows = out->rows, .columns = out->columns};
    const yaml_node_item_t *top = list->data.sequence.items.top;
    for (const yaml_node_item_t *item = list->data.sequence.items.start; item < top; item++) {
        const yaml_node_t *node = md_yaml_node(yaml, *item);
        if (spec.layer_count == MD_MAX_LAYERS)
            return md_yaml_at(
                yaml, node,
                md_fail(yaml->err, MD_USAGE, "model has over %d layers", MD_MAX_LAYERS));
        status = read_layer(yaml, node, &spec.layers[spec.layer_count++]);
        if (status)
            return status;
    }
    md_model_spec_name_layers(&spec);
    int layer;
    status = md_model_spec_check_at(&spec, &layer, yaml->err);
    if (!status)
        *out = spec;
    const yaml_node_item_t *items = list->data.sequence.items.start;
    return md_yaml_at(yaml, layer < 0 ? list : md_yaml_node(yaml, items[layer]), status);
}

void md_layer_write(const md_layer_spec *layer, int with_name, FILE *out)
{
    layer_form form = {.units = layer->units, .rate = layer->rate};
    memcpy(form.name, layer->name, sizeof form.name);
    snprintf(form.activation, sizeof form.activation, "%s", md_activation_name(layer->activation));
    fprintf(out, "{layer: %s", md_layer_kind_name(layer->kind));
    for (size_t i = 0; i < LAYER_KEYS; i++) {
        const layer_key *row = &layer_keys[i];
        if (!(row->kinds >> layer->kind & 1) || (i == NAME_KEY && !with_name))
            continue;
        fprintf(out, ", %s: ", row->key.name);
        md_key_write(&row->key, &form, out);
    }
    fputc('}', out);
}

int md_model_has_standard_names(const md_model_spec *spec)
{
    md_model_spec standard = *spec;
    for (int i = 0; i < standard.layer_count; i++)
        standard.layers[i].name[0] = '\0';
    md_model_spec_name_layers(&standard);
    for (int i = 0; i < spec->layer_count; i++)
        if (strcmp(spec->layers[i].name, standard.layers[i].name) != 0)
            return 0;
    return 1;
}

void md_layer_print_reference(FILE *out)
{
    fputs("| `model[].layer` | | flatten, dense or dropout | no | the layer's kind |\n", out);
    for (size_t i = 0; i < LAYER_KEYS; i++) {
        const md_key *key = &layer_keys[i].key;
        char range[MD_VALUE_SIZE];
        md_key_range(key, range);
        fprintf(out, "| `model[].%s` | | %s | no | %s |\n", key->name, range, key->help);
    }
}
