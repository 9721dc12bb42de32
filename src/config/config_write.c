/* The configuration as YAML and as a reference. */
#include <string.h>

#include "config_keys.h"
#include "mnist_dist/base/bytes.h"

static void write_layers(const md_model_spec *model, FILE *out)
{
    int with_names = !md_model_has_standard_names(model);
    fputs("model:\n", out);
    for (int i = 0; i < model->layer_count; i++) {
        fputs("  - ", out);
        md_layer_write(&model->layers[i], with_names, out);
        fputc('\n', out);
    }
}

static size_t section_length(const md_key *key)
{
    return strcspn(key->name, ".");
}

static int same_section(const md_key *a, const md_key *b)
{
    size_t length = section_length(a);
    return length == section_length(b) && strncmp(a->name, b->name, length) == 0;
}

static void print_config(const void *context, FILE *out)
{
    const md_config *config = context;
    const md_key *end = md_config_keys + md_config_key_count;
    for (const md_key *key = md_config_keys; key < end; key++) {
        if (key->type == MD_KEY_LAYERS) {
            write_layers(&config->model, out);
            continue;
        }
        if (!strchr(key->name, '.')) {
            fprintf(out, "%s: ", key->name);
            md_key_write(key, config, out);
            fputc('\n', out);
            continue;
        }
        int length = (int)section_length(key);
        if (key == md_config_keys || !same_section(key - 1, key))
            fprintf(out, "%.*s: {", length, key->name);
        fprintf(out, "%s: ", key->name + length + 1);
        md_key_write(key, config, out);
        fputs(key + 1 < end && same_section(key, key + 1) ? ", " : "}\n", out);
    }
}

char *md_config_write(const md_config *config)
{
    md_bytes text;
    md_bytes_print(print_config, config, &text, NULL);
    return (char *)text.data;
}

static void print_row(const md_key *key, const md_config *standard, FILE *out)
{
    char range[MD_VALUE_SIZE];
    md_key_range(key, range);
    fprintf(out, "| `%s` | `", key->name);
    if (key->type == MD_KEY_LAYERS)
        for (int i = 0; i < standard->model.layer_count; i++) {
            fputs(i > 0 ? ", " : "[", out);
            md_layer_write(&standard->model.layers[i], 0, out);
        }
    else
        md_key_write(key, standard, out);
    fprintf(out, "%s` | %s | %s | %s |\n", key->type == MD_KEY_LAYERS ? "]" : "", range,
            key->may_differ ? "yes" : "no", key->help);
}

void md_config_print_reference(FILE *out)
{
    md_config standard = md_config_default();
    fputs("| key | default | range | may change on resume | meaning |\n"
          "| --- | --- | --- | --- | --- |\n",
          out);
    for (const md_key *key = md_config_keys; key < md_config_keys + md_config_key_count; key++) {
        print_row(key, &standard, out);
        if (key->type == MD_KEY_LAYERS)
            md_layer_print_reference(out);
    }
}
