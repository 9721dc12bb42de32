/* The configuration's table. Private to src/config. Local. */
#ifndef MNIST_DIST_CONFIG_CONFIG_KEYS_H
#define MNIST_DIST_CONFIG_CONFIG_KEYS_H

#include <stddef.h>
#include <stdio.h>

#include "mnist_dist/base/key.h"
#include "mnist_dist/config/config.h"

extern const md_key md_config_keys[];
extern const size_t md_config_key_count;

/* The row of "section.key", or NULL. */
const md_key *md_config_find_key(const char *name);

/* 1 for a key that was and whose value means nothing any more; says so in one line. */
int md_config_is_former_key(const char *name);

/* 1 when some key is named "section.something". */
int md_config_has_section(const char *section);

/* MD_USAGE saying that there is no such key or section, with the nearest one there is. */
md_status md_config_fail_unknown(const char *name, md_error *err);

/* One layer as `{layer: dense, units: 128, activation: relu}`. */
void md_layer_write(const md_layer_spec *layer, int with_name, FILE *out);

/* 1 when the layers bear the names that md_model_spec_name_layers gives. */
int md_model_has_standard_names(const md_model_spec *spec);

/* Reference rows for the keys of a layer. */
void md_layer_print_reference(FILE *out);

#endif
