/* The layers of `model`: what model/layer_kind.h knows of each kind, read and written. */
#include <string.h>

#include "config_yaml.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/model/layer_kind.h"

/* Every kind has it, and only it may be left out. */
static const md_key name_key = {"name", MD_KEY_TEXT, MD_AT(md_layer_spec, name),
                                .help = "the layer's name in files; made up when left out"};

static const md_key kind_key = {"layer", MD_KEY_CHOICE, MD_AT(md_layer_spec, kind),
                                .choices = md_layer_words, .help = "the layer's kind"};

static const md_key *find_key(md_layer_kind kind, const char *name)
{
    return strcmp(name, name_key.name) == 0 ? &name_key : md_layer_key(kind, name);
}

static md_status fail_key(md_layer_kind kind, const char *name, md_error *err)
{
    const md_layer_descriptor *d = md_layer_describe(kind);
    char snippet[MD_SNIPPET_SIZE], known[MD_VALUE_SIZE] = "layer";
    md_text_snippet(name, snippet);
    for (size_t i = 0; i < d->key_count; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), ", %s", d->keys[i].name);
    return md_fail(err, MD_USAGE, "%s is not a key of a %s layer, which has %s and name", snippet,
                   md_layer_kind_name(kind), known);
}

static md_status read_kind(md_yaml *yaml, const yaml_node_t *map, md_layer_spec *layer)
{
    const yaml_node_t *node = md_yaml_find(yaml, map, kind_key.name);
    if (node)
        return md_yaml_set(yaml, &kind_key, layer, node);
    char kinds[MD_VALUE_SIZE];
    md_key_list(md_layer_words, kinds);
    return md_yaml_at(
        yaml, map, md_fail(yaml->err, MD_USAGE, "the key layer is missing; give layer: %s", kinds));
}

static md_status check_complete(md_yaml *yaml, const yaml_node_t *map, md_layer_kind kind)
{
    const md_layer_descriptor *d = md_layer_describe(kind);
    for (size_t i = 0; i < d->key_count; i++)
        if (!d->keys[i].standard && !md_yaml_find(yaml, map, d->keys[i].name))
            return md_yaml_at(yaml, map,
                              md_fail(yaml->err, MD_USAGE, "a %s layer needs the key %s",
                                      md_layer_kind_name(kind), d->keys[i].name));
    return MD_OK;
}

static void set_defaults(md_layer_spec *layer)
{
    const md_layer_descriptor *d = md_layer_describe(layer->kind);
    for (size_t i = 0; i < d->key_count; i++)
        if (d->keys[i].standard)
            md_key_set(&d->keys[i], layer, d->keys[i].standard, NULL);
}

static md_status read_layer(md_yaml *yaml, const yaml_node_t *map, md_layer_spec *out)
{
    *out = (md_layer_spec){0};
    md_status status = md_yaml_expect(yaml, map, YAML_MAPPING_NODE, "a layer");
    if (!status)
        status = read_kind(yaml, map, out);
    if (!status)
        set_defaults(out);
    if (status)
        return status;
    const yaml_node_pair_t *top = map->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < top; p++) {
        const char *name;
        status = md_yaml_key(yaml, map, p, &name);
        if (status)
            return status;
        if (strcmp(name, kind_key.name) == 0)
            continue;
        const md_key *key = find_key(out->kind, name);
        status = key ? md_yaml_set(yaml, key, out, md_yaml_node(yaml, p->value))
                     : md_yaml_at(yaml, md_yaml_node(yaml, p->key),
                                  fail_key(out->kind, name, yaml->err));
        if (status)
            return status;
    }
    return check_complete(yaml, map, out->kind);
}

/* Keras on PyTorch makes a module of each layer, whose name cannot have one. */
static md_status check_point(const md_yaml *yaml, const md_layer_spec *layer, int number)
{
    if (yaml->saved || !strchr(layer->name, '.'))
        return MD_OK;
    return md_fail(yaml->err, MD_USAGE,
                   "model: layer %d is named '%s', and Keras on PyTorch cannot load a name with a "
                   "point; use '_' instead",
                   number, layer->name);
}

md_status md_yaml_read_layers(md_yaml *yaml, const yaml_node_t *list, md_model_spec *out)
{
    md_status status = md_yaml_expect(yaml, list, YAML_SEQUENCE_NODE, "model");
    if (status)
        return status;
    md_model_spec spec = {.rows = out->rows,
                          .columns = out->columns,
                          .loss = out->loss,
                          .huber_delta = out->huber_delta};
    const yaml_node_item_t *top = list->data.sequence.items.top;
    for (const yaml_node_item_t *item = list->data.sequence.items.start; item < top; item++) {
        const yaml_node_t *node = md_yaml_node(yaml, *item);
        if (spec.layer_count == MD_MAX_LAYERS)
            return md_yaml_at(
                yaml, node,
                md_fail(yaml->err, MD_USAGE, "model has over %d layers", MD_MAX_LAYERS));
        md_layer_spec *layer = &spec.layers[spec.layer_count++];
        status = read_layer(yaml, node, layer);
        if (!status)
            status = md_yaml_at(yaml, node, check_point(yaml, layer, spec.layer_count));
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

static void write_value(const md_key *key, const md_layer_spec *layer, FILE *out)
{
    fprintf(out, ", %s: ", key->name);
    md_key_write(key, layer, out);
}

void md_layer_write(const md_layer_spec *layer, int with_name, FILE *out)
{
    const md_layer_descriptor *d = md_layer_describe(layer->kind);
    fprintf(out, "{layer: %s", md_layer_kind_name(layer->kind));
    for (size_t i = 0; i < d->key_count; i++)
        write_value(&d->keys[i], layer, out);
    if (with_name)
        write_value(&name_key, layer, out);
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

static void print_key(const md_key *key, FILE *out)
{
    char range[MD_VALUE_SIZE];
    md_key_range(key, range);
    fprintf(out, "| `model[].%s` |", key->name);
    if (key->standard)
        fprintf(out, " `%s`", key->standard);
    fprintf(out, " | %s | no | %s |\n", range, key->help);
}

/* Has a kind before this one a key of that name? Then it means the same and was printed. */
static int was_printed(int kind, const char *name)
{
    for (int i = 0; i < kind; i++)
        if (md_layer_key((md_layer_kind)i, name))
            return 1;
    return 0;
}

void md_layer_print_reference(FILE *out)
{
    print_key(&kind_key, out);
    for (int kind = 0; kind < MD_LAYER_KIND_COUNT; kind++) {
        const md_layer_descriptor *d = md_layer_describe((md_layer_kind)kind);
        for (size_t i = 0; i < d->key_count; i++)
            if (!was_printed(kind, d->keys[i].name))
                print_key(&d->keys[i], out);
    }
    print_key(&name_key, out);
}
