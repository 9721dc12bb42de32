#include "mnist_dist/config/config.h"

#include <assert.h>
#include <string.h>

#include "config_keys.h"
#include "mnist_dist/base/text.h"

static const md_layer_spec standard_layers[] = {
    {.kind = MD_LAYER_FLATTEN},
    {.kind = MD_LAYER_DENSE, .units = 128, .activation = MD_RELU},
    {.kind = MD_LAYER_DENSE, .units = 64, .activation = MD_RELU},
    {.kind = MD_LAYER_DENSE, .units = 10, .activation = MD_SOFTMAX}};

md_config md_config_default(void)
{
    md_config config = {0};
    for (size_t i = 0; i < md_config_key_count; i++) {
        const md_key *key = &md_config_keys[i];
        md_status status = key->standard ? md_key_set(key, &config, key->standard, NULL) : MD_OK;
        assert(status == MD_OK);
        (void)status;
    }
    config.model.layer_count = sizeof standard_layers / sizeof *standard_layers;
    memcpy(config.model.layers, standard_layers, sizeof standard_layers);
    md_model_spec_name_layers(&config.model);
    return config;
}

md_status md_config_set(md_config *config, const char *assignment, md_error *err)
{
    char name[MD_SNIPPET_SIZE];
    const char *equals = strchr(assignment, '=');
    if (!equals) {
        md_text_snippet(assignment, name);
        return md_fail(err, MD_USAGE, "'%s' sets nothing; write section.key=value", name);
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
    const md_key *key = md_config_find_key(name);
    if (!key)
        return md_config_is_former_key(name) ? MD_OK : md_config_fail_unknown(name, err);
    if (key->type == MD_KEY_LAYERS)
        return md_fail(err, MD_USAGE, "%s is a list; give it in a file with --config", name);
    md_status status = md_key_set(key, config, equals + 1, err);
    if (!status)
        config->given[key - md_config_keys] = 1;
    return status;
}

int md_config_given(const md_config *config, const char *key)
{
    const md_key *row = md_config_find_key(key);
    return row && config->given[row - md_config_keys];
}
