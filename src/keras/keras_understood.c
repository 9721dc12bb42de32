/* Nothing that a layer's config says is passed over: what is not known is refused by its name. */
#include <stdio.h>
#include <string.h>

#include "keras_reader.h"
#include "mnist_dist/base/log.h"

/* How weights came about, and what any layer says that changes no answer. */
static const char harmless[] = "name trainable dtype batch_shape batch_input_shape batch_size "
                               "input_shape input_dim input_dtype sparse ragged optional seed "
                               "autocast kernel_initializer bias_initializer";
/* What only training knows. */
static const char training[] = "kernel_regularizer bias_regularizer activity_regularizer "
                               "kernel_constraint bias_constraint noise_shape";
static const char precisions[] = "float16 float32 float64 bfloat16 mixed_float16 mixed_bfloat16";

static int listed(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; length > 0 && (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return 1;
    return 0;
}

/* null, false, "", 0, [] and {}: as good as absent. */
static int says_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_integer(value) && json_integer_value(value) == 0);
}

static md_status check_keys(md_keras_reader *r, const md_keras_entry *e, const char *own)
{
    const char *key;
    json_t *value;
    char why[128];
    json_object_foreach((json_t *)e->config, key, value)
    {
        if (says_nothing(value) || listed(harmless, key) || listed(own, key))
            continue;
        if (listed(training, key)) {
            snprintf(why, sizeof why, "has a %s, which acts in training only and is left out", key);
            md_keras_tell(e, why);
            continue;
        }
        snprintf(why, sizeof why, "has %.60s, which is not understood here", key);
        return md_keras_refuse(r, e, why);
    }
    return MD_OK;
}

static md_status refuse_quantized(md_keras_reader *r, const md_keras_entry *e, const char *mode)
{
    char why[160];
    snprintf(why, sizeof why,
             "is quantized (%.40s), which has no counterpart here; import the model as it was "
             "before quantize()",
             mode);
    return md_keras_refuse(r, e, why);
}

/* "float32", or {"class_name": "DTypePolicy", "config": {"name": "float32"}}. */
static md_status check_dtype(md_keras_reader *r, const md_keras_entry *e)
{
    const json_t *dtype = json_object_get(e->config, "dtype");
    const json_t *policy = json_object_get(dtype, "config");
    const char *class_name = md_keras_text(dtype, "class_name");
    const char *name = policy ? md_keras_text(policy, "name") : json_string_value(dtype);
    const char *mode = md_keras_text(policy, "mode");
    if (says_nothing(dtype))
        return MD_OK;
    if (strncmp(class_name, "Quantized", strlen("Quantized")) == 0)
        return refuse_quantized(r, e, mode[0] ? mode : name ? name : "");
    if (strcmp(e->class_name, "InputLayer") == 0) {
        r->model.takes_bytes |=
            name && (strncmp(name, "int", 3) == 0 || strcmp(name, "uint8") == 0);
        return MD_OK;
    }
    if (!name || !listed(precisions, name) || mode[0]) {
        char why[128];
        snprintf(why, sizeof why, "has the dtype policy '%.40s', which is not understood here",
                 name && name[0] ? name : class_name);
        return md_keras_refuse(r, e, why);
    }
    if (strcmp(name, "float32") != 0 && !r->said_dtype++)
        md_info("Keras computes this model as %s; here it is float32", name);
    return MD_OK;
}

md_status md_keras_check_entry(md_keras_reader *r, const md_keras_entry *e, const char *own)
{
    md_status status = check_dtype(r, e);
    return status ? status : check_keys(r, e, own);
}
