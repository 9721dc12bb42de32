/* YAML text as libyaml's document (every node carries its line) and the checks that hold for every
 * node. Private to src/config. Errors are MD_USAGE and start "name:line: ". Local. */
#ifndef MNIST_DIST_CONFIG_CONFIG_YAML_H
#define MNIST_DIST_CONFIG_CONFIG_YAML_H

#include <yaml.h>

#include "config_keys.h"

typedef struct md_yaml {
    yaml_document_t document;
    const char *name; /* the file's, for messages; borrowed */
    int saved;        /* a checkpoint's copy: what was allowed once still is */
    md_error *err;
} md_yaml;

/* Loads text of one document. Close it only on success. */
md_status md_yaml_open(md_yaml *yaml, const char *text, const char *name, md_error *err);
void md_yaml_close(md_yaml *yaml);

yaml_node_t *md_yaml_root(md_yaml *yaml);
yaml_node_t *md_yaml_node(md_yaml *yaml, int index);

/* Puts "name:line: " before yaml->err's text unless status is MD_OK; returns status. */
md_status md_yaml_at(const md_yaml *yaml, const yaml_node_t *node, md_status status);

/* Nothing, or a word for it (YAML 1.2, core schema). */
int md_yaml_is_null(const yaml_node_t *node);

/* `node` must be a YAML_MAPPING_NODE or YAML_SEQUENCE_NODE without a tag of its own; `what` names
 * it
 * ("train must be ..."). */
md_status md_yaml_expect(const md_yaml *yaml, const yaml_node_t *node, yaml_node_type_t type,
                         const char *what);

/* The key of a pair of `mapping`, which must be a word not seen in an earlier pair. */
md_status md_yaml_key(md_yaml *yaml, const yaml_node_t *mapping, const yaml_node_pair_t *pair,
                      const char **out);

/* The value of `key` in a mapping, or NULL. */
yaml_node_t *md_yaml_find(md_yaml *yaml, const yaml_node_t *mapping, const char *key);

/* Sets the member of *base that `key` describes from a scalar node. */
md_status md_yaml_set(md_yaml *yaml, const md_key *key, void *base, const yaml_node_t *node);

/* Reads the list of layers into *out, names filled, checked by md_model_spec_check and, unless
 * they were saved with a run, for names that Keras cannot load. */
md_status md_yaml_read_layers(md_yaml *yaml, const yaml_node_t *list, md_model_spec *out);

#endif
