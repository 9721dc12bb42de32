/* What holds between keys, and between a saved run and the one that goes on. */
#include <string.h>

#include "config_keys.h"
#include "mnist_dist/base/text.h"

static md_status check_values(const md_config *config, md_error *err)
{
    md_status status = MD_OK;
    for (size_t i = 0; i < md_config_key_count && !status; i++)
        status = md_key_check(&md_config_keys[i], config, err);
    return status;
}

static md_status check_early_stopping(const md_config *config, md_error *err)
{
    const char *word = md_monitor_words[config->early_stopping.monitor];
    const int numbers = md_model_spec_answer(&config->model) == MD_ANSWER_NUMBERS;
    const char *metric = numbers ? "mae" : "accuracy";
    if (config->early_stopping.patience == 0)
        return MD_OK;
    if (strcmp(config->data.validation, "none") == 0 && strncmp(word, "val_", 4) == 0)
        return md_fail(err, MD_USAGE,
                       "early_stopping.monitor is %s, but data.validation is none; monitor loss or "
                       "%s, or set early_stopping.patience to 0",
                       word, metric);
    if (strstr(word, numbers ? "accuracy" : "mae"))
        return md_fail(err, MD_USAGE,
                       "early_stopping.monitor is %s, but the model answers with %s; monitor "
                       "val_loss, loss, val_%s or %s",
                       word, numbers ? "numbers" : "classes", metric, metric);
    return MD_OK;
}

md_status md_config_check(const md_config *config, md_error *err)
{
    md_status status = check_values(config, err);
    if (!status)
        status = md_model_spec_check(&config->model, err);
    if (!status)
        status = check_early_stopping(config, err);
    return status;
}

static md_status fail_differs(const char *name, const char *saved, const char *now, md_error *err)
{
    char before[MD_SNIPPET_SIZE], after[MD_SNIPPET_SIZE];
    md_text_snippet(saved, before);
    md_text_snippet(now, after);
    return md_fail(err, MD_USAGE,
                   "%s is %s, but the run to resume has %s; give it that value, or start anew "
                   "without --resume",
                   name, md_visible(after), md_visible(before));
}

static void format_layer(const md_layer_spec *layer, char out[MD_VALUE_SIZE])
{
    FILE *stream = fmemopen(out, MD_VALUE_SIZE, "w");
    out[0] = '\0';
    if (!stream)
        return;
    md_layer_write(layer, 1, stream);
    fclose(stream);
}

static md_status check_same_model(const md_model_spec *saved, const md_model_spec *now,
                                  md_error *err)
{
    int layers = saved->layer_count < now->layer_count ? saved->layer_count : now->layer_count;
    for (int i = 0; i < layers; i++) {
        char before[MD_VALUE_SIZE], after[MD_VALUE_SIZE], name[MD_SNIPPET_SIZE];
        format_layer(&saved->layers[i], before);
        format_layer(&now->layers[i], after);
        snprintf(name, sizeof name, "model: layer %d", i + 1);
        if (strcmp(before, after) != 0)
            return fail_differs(name, before, after, err);
    }
    if (saved->layer_count == now->layer_count)
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "model has %d layers, but the run to resume has %d; give the same model, or "
                   "start anew without --resume",
                   now->layer_count, saved->layer_count);
}

md_status md_config_check_resume(const md_config *saved, const md_config *now, int has_steps,
                                 md_error *err)
{
    for (const md_key *key = md_config_keys; key < md_config_keys + md_config_key_count; key++) {
        char before[MD_VALUE_SIZE], after[MD_VALUE_SIZE];
        if (!has_steps || key->type == MD_KEY_LAYERS || key->may_differ)
            continue;
        md_key_format(key, saved, before);
        md_key_format(key, now, after);
        if (strcmp(before, after) != 0)
            return fail_differs(key->name, before, after, err);
    }
    return check_same_model(&saved->model, &now->model, err);
}
