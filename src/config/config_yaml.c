#include "config_yaml.h"

#include <string.h>

#include "mnist_dist/base/text.h"

/* The position of a byte as a line, counted from 1. */
static size_t line_of(const char *text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && text[i]; i++)
        line += text[i] == '\n';
    return line;
}

static md_status fail_syntax(const yaml_parser_t *parser, const char *text, const char *name,
                             md_error *err)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return md_fail_memory(err, name, strlen(text));
    size_t line = parser->error == YAML_READER_ERROR ? line_of(text, parser->problem_offset)
                                                     : parser->problem_mark.line + 1;
    const char *context = parser->context ? parser->context : "";
    return md_fail(err, MD_USAGE, "%s:%zu: not valid YAML: %s%s%s", name, line, context,
                   *context ? ", " : "", parser->problem ? parser->problem : "unreadable");
}

/* Loads the stream's one document, and sees that nothing follows it. */
static md_status load(yaml_parser_t *parser, yaml_document_t *document, const char *text,
                      const char *name, md_error *err)
{
    if (!yaml_parser_load(parser, document))
        return fail_syntax(parser, text, name, err);
    if (!yaml_document_get_root_node(document))
        return MD_OK;
    yaml_document_t second;
    md_status status = MD_OK;
    if (!yaml_parser_load(parser, &second)) {
        status = fail_syntax(parser, text, name, err);
    } else {
        const yaml_node_t *extra = yaml_document_get_root_node(&second);
        if (extra)
            status = md_fail(err, MD_USAGE, "%s:%zu: a second document starts; keep one", name,
                             extra->start_mark.line + 1);
        yaml_document_delete(&second);
    }
    if (status)
        yaml_document_delete(document);
    return status;
}

md_status md_yaml_open(md_yaml *yaml, const char *text, const char *name, md_error *err)
{
    yaml->name = name;
    yaml->err = err;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return md_fail_memory(err, name, sizeof parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    md_status status = load(&parser, &yaml->document, text, name, err);
    yaml_parser_delete(&parser);
    return status;
}

void md_yaml_close(md_yaml *yaml)
{
    yaml_document_delete(&yaml->document);
}

yaml_node_t *md_yaml_root(md_yaml *yaml)
{
    return yaml_document_get_root_node(&yaml->document);
}

yaml_node_t *md_yaml_node(md_yaml *yaml, int index)
{
    return yaml_document_get_node(&yaml->document, index);
}

md_status md_yaml_at(const md_yaml *yaml, const yaml_node_t *node, md_status status)
{
    return status ? md_fail_context(yaml->err, status, "%s:%zu: ", yaml->name,
                                    node->start_mark.line + 1)
                  : MD_OK;
}

/* libyaml gives every node a tag: these when the text has none. */
static int has_own_tag(const yaml_node_t *node)
{
    static const char *const usual[] = {[YAML_SCALAR_NODE] = YAML_DEFAULT_SCALAR_TAG,
                                        [YAML_SEQUENCE_NODE] = YAML_DEFAULT_SEQUENCE_TAG,
                                        [YAML_MAPPING_NODE] = YAML_DEFAULT_MAPPING_TAG};
    return strcmp((const char *)node->tag, usual[node->type]) != 0;
}

static md_status check_tag(const md_yaml *yaml, const yaml_node_t *node)
{
    if (!has_own_tag(node))
        return MD_OK;
    char tag[MD_SNIPPET_SIZE];
    md_text_snippet((const char *)node->tag, tag);
    return md_yaml_at(yaml, node,
                      md_fail(yaml->err, MD_USAGE, "tags have no meaning here; remove '%s'", tag));
}

md_status md_yaml_expect(const md_yaml *yaml, const yaml_node_t *node, yaml_node_type_t type,
                         const char *what)
{
    if (node->type == type)
        return check_tag(yaml, node);
    const char *wanted = type == YAML_MAPPING_NODE ? "keys with values (key: value)" : "a list";
    return md_yaml_at(yaml, node, md_fail(yaml->err, MD_USAGE, "%s must be %s", what, wanted));
}

/* A scalar without zero bytes, so that it is a C string. */
static int is_string(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE &&
           strlen((const char *)node->data.scalar.value) == node->data.scalar.length;
}

static int same_string(const yaml_node_t *node, const char *text)
{
    return is_string(node) && strcmp((const char *)node->data.scalar.value, text) == 0;
}

md_status md_yaml_key(md_yaml *yaml, const yaml_node_t *mapping, const yaml_node_pair_t *pair,
                      const char **out)
{
    const yaml_node_t *node = md_yaml_node(yaml, pair->key);
    if (!is_string(node))
        return md_yaml_at(yaml, node, md_fail(yaml->err, MD_USAGE, "a key must be a word"));
    md_status status = check_tag(yaml, node);
    if (status)
        return status;
    *out = (const char *)node->data.scalar.value;
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *earlier = md_yaml_node(yaml, p->key);
        if (!same_string(earlier, *out))
            continue;
        return md_yaml_at(yaml, node,
                          md_fail(yaml->err, MD_USAGE,
                                  "%s is given twice, first in line %zu; keep one", *out,
                                  earlier->start_mark.line + 1));
    }
    return MD_OK;
}

yaml_node_t *md_yaml_find(md_yaml *yaml, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_pair_t *top = mapping->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < top; p++)
        if (same_string(md_yaml_node(yaml, p->key), key))
            return md_yaml_node(yaml, p->value);
    return NULL;
}

int md_yaml_is_null(const yaml_node_t *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return 0;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (same_string(node, nulls[i]))
            return 1;
    return 0;
}

static int wants_text(const md_key *key)
{
    return key->type == MD_KEY_WORD || key->type == MD_KEY_TEXT;
}

static md_status set_scalar(const md_yaml *yaml, const md_key *key, void *base,
                            const yaml_node_t *node)
{
    char expected[MD_VALUE_SIZE];
    md_key_expected(key, expected);
    if (!is_string(node))
        return md_fail(yaml->err, MD_USAGE, "%s must be %s, not %s", key->name, expected,
                       node->type == YAML_SCALAR_NODE     ? "text with a zero byte"
                       : node->type == YAML_SEQUENCE_NODE ? "a list"
                                                          : "a mapping");
    if (md_yaml_is_null(node))
        return md_fail(yaml->err, MD_USAGE, "%s has no value; give %s, or leave the key out",
                       key->name, expected);
    if (!wants_text(key) && node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return md_fail(yaml->err, MD_USAGE, "%s must be %s, without quotes", key->name, expected);
    return md_key_set(key, base, (const char *)node->data.scalar.value, yaml->err);
}

/* Texts joined as --set takes them. */
static md_status set_list(md_yaml *yaml, const md_key *key, void *base, const yaml_node_t *node)
{
    char joined[MD_VALUE_SIZE] = "";
    size_t used = 0;
    for (const yaml_node_item_t *i = node->data.sequence.items.start;
         i < node->data.sequence.items.top; i++) {
        const yaml_node_t *item = md_yaml_node(yaml, *i);
        if (!is_string(item) || md_yaml_is_null(item))
            return md_fail(yaml->err, MD_USAGE, "%s must be text, or a list of texts", key->name);
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", used ? ", " : "",
                                 (const char *)item->data.scalar.value);
        if (used >= sizeof joined)
            return md_fail(yaml->err, MD_USAGE, "%s is longer than %d bytes", key->name,
                           MD_VALUE_SIZE - 1);
    }
    return md_key_set(key, base, joined, yaml->err);
}

md_status md_yaml_set(md_yaml *yaml, const md_key *key, void *base, const yaml_node_t *node)
{
    md_status status = check_tag(yaml, node);
    if (!status)
        status = key->is_list && node->type == YAML_SEQUENCE_NODE
                     ? set_list(yaml, key, base, node)
                     : set_scalar(yaml, key, base, node);
    return md_yaml_at(yaml, node, status);
}
