#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "adam_state.h"

double md_shortest(float value)
{
    char text[32];
    for (int digits = FLT_DIG; digits <= FLT_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        const float back = strtof(text, NULL);
        if (back >= value && back <= value)
            break;
    }
    return strtod(text, NULL);
}

/* {"optimizer_config": ...} in @training_config of an .h5, {"compile_config": {"optimizer": ...}}
 * in config.json of a .keras; either is {"class_name": ..., "config": ...}, or a name alone. */
static const json_t *find_optimizer(const json_t *root)
{
    const json_t *legacy = json_object_get(root, "optimizer_config");
    return legacy ? legacy : json_object_get(json_object_get(root, "compile_config"), "optimizer");
}

static int is_float(double number)
{
    const double rounded = (double)(float)number;
    return rounded >= number && rounded <= number;
}

/* A number in [0, below), or above 0 when `open`; what is out of range and a schedule leave the
 * default. Keras writes a rate that it kept as float32 with all digits of a double. */
static void get_number(const json_t *config, const char *key, double below, int open, double *out)
{
    const json_t *value = json_object_get(config, key);
    double number = json_number_value(value);
    if (json_is_number(value) && number >= 0.0 && number < below && number <= (double)FLT_MAX &&
        (number > 0.0 || !(open & MD_OPEN_LOW)))
        *out = is_float(number) ? md_shortest((float)number) : number;
}

/* Only of those whose state md_adam_state_get knows. */
static int read_optimizer(const json_t *optimizer, md_optimizer_spec *spec)
{
    const char *name = json_string_value(optimizer);
    if (!name)
        name = json_string_value(json_object_get(optimizer, "class_name"));
    if (!name)
        return 1;
    md_optimizer_kind kind;
    if (!md_optimizer_parse(name, &kind) || md_optimizer_describe(kind)->moments != 2)
        return 0;
    const json_t *config = json_object_get(optimizer, "config");
    double *value;
    const md_key *key;
    spec->kind = kind;
    get_number(config, "learning_rate", INFINITY, MD_OPEN_LOW, &spec->learning_rate);
    for (int i = 0; (key = md_optimizer_hyper(spec, i, &value)) != NULL; i++)
        get_number(config, key->name, key->high, key->open, value);
    return 1;
}

int md_adam_config_read(const char *json, md_checkpoint *c)
{
    json_t *root = json_loads(json, 0, NULL);
    int is_adam = !root || read_optimizer(find_optimizer(root), &c->optimizer);
    json_decref(root);
    return is_adam;
}
