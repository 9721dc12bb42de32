/* The configuration from YAML. */
#include <string.h>

#include "config_yaml.h"
#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/text.h"

/* All keys, three paths and 32 layers take under 12 KiB. The bound is close because libyaml's time
 * grows with the square of the depth of brackets. */
enum { MAX_BYTES = 16 * 1024 };

static md_status fail_size(const char *name, md_error *err)
{
    return md_fail(err, MD_USAGE, "%s is larger than %d bytes, so it is not a configuration", name,
                   MAX_BYTES);
}

static md_status read_value(md_yaml *yaml, const char *name, const yaml_node_pair_t *pair,
                            md_config *config)
{
    const md_key *key = md_config_find_key(name);
    if (!key && md_config_is_former_key(name))
        return MD_OK;
    if (!key)
        return md_yaml_at(yaml, md_yaml_node(yaml, pair->key),
                          md_config_fail_unknown(name, yaml->err));
    const yaml_node_t *node = md_yaml_node(yaml, pair->value);
    md_status status = key->type == MD_KEY_LAYERS ? md_yaml_read_layers(yaml, node, &config->model)
                                                  : md_yaml_set(yaml, key, config, node);
    if (!status)
        config->given[key - md_config_keys] = 1;
    return status;
}

static md_status read_section(md_yaml *yaml, const char *section, const yaml_node_t *map,
                              md_config *config)
{
    md_status status = md_yaml_expect(yaml, map, YAML_MAPPING_NODE, section);
    if (status)
        return status;
    const yaml_node_pair_t *top = map->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < top; p++) {
        const char *key;
        status = md_yaml_key(yaml, map, p, &key);
        if (status)
            return status;
        char name[MD_VALUE_SIZE];
        snprintf(name, sizeof name, "%s.%s", section, key);
        status = read_value(yaml, name, p, config);
        if (status)
            return status;
    }
    return MD_OK;
}

static md_status fail_dotted(const md_yaml *yaml, const yaml_node_t *node, const char *name)
{
    char snippet[MD_SNIPPET_SIZE];
    md_text_snippet(name, snippet);
    return md_yaml_at(yaml, node,
                      md_fail(yaml->err, MD_USAGE,
                              "write %s under its section, as section: {key: value}", snippet));
}

static md_status read_root(md_yaml *yaml, md_config *config)
{
    const yaml_node_t *root = md_yaml_root(yaml);
    if (!root || md_yaml_is_null(root))
        return MD_OK;
    md_status status = md_yaml_expect(yaml, root, YAML_MAPPING_NODE, "the configuration");
    if (status)
        return status;
    const yaml_node_pair_t *top = root->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = root->data.mapping.pairs.start; p < top; p++) {
        const char *name;
        status = md_yaml_key(yaml, root, p, &name);
        if (status)
            return status;
        if (strchr(name, '.'))
            return fail_dotted(yaml, md_yaml_node(yaml, p->key), name);
        status = md_config_has_section(name)
                     ? read_section(yaml, name, md_yaml_node(yaml, p->value), config)
                     : read_value(yaml, name, p, config);
        if (status)
            return status;
    }
    return MD_OK;
}

static md_status parse(md_config *config, const char *text, const char *name, int saved,
                       md_error *err)
{
    if (strlen(text) > MAX_BYTES)
        return fail_size(name, err);
    md_yaml yaml;
    md_status status = md_yaml_open(&yaml, text, name, err);
    if (status)
        return status;
    yaml.saved = saved;
    md_config changed = *config;
    status = read_root(&yaml, &changed);
    md_yaml_close(&yaml);
    if (!status)
        *config = changed;
    return status;
}

md_status md_config_parse(md_config *config, const char *text, const char *name, md_error *err)
{
    return parse(config, text, name, 0, err);
}

md_status md_config_parse_saved(md_config *config, const char *text, md_error *err)
{
    return parse(config, text, "the checkpoint's configuration", 1, err);
}

md_status md_config_read_file(const char *path, char **text, md_error *err)
{
    static const md_file_kind kind = {
        .what = "a YAML file of our keys", .quote = "", .status = MD_USAGE, .most = MAX_BYTES};
    md_bytes bytes;
    *text = NULL;
    md_status status = md_bytes_read(path, &kind, &bytes, NULL, err);
    if (status)
        return status;
    if (memchr(bytes.data, '\0', bytes.size)) {
        md_bytes_free(&bytes);
        return md_fail(err, MD_USAGE, "%s holds a zero byte, so it is not a text file", path);
    }
    *text = (char *)bytes.data;
    return MD_OK;
}
