#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keras_optimizer.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/text.h"

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

/* A number in [0, below), zero only where it has a sense; anything else leaves the default. Keras
 * writes a rate that it kept as float32 with all digits of a double. */
static void get_number(const json_t *value, double below, int may_be_zero, double *out)
{
    const double number = json_number_value(value);
    if (json_is_number(value) && number >= 0.0 && number < below && number <= (double)FLT_MAX &&
        (number > 0.0 || may_be_zero))
        *out = is_float(number) ? md_shortest((float)number) : number;
}

/* A list of words, for one message. */
typedef struct {
    char text[512];
    size_t used;
} list;

static void add(list *l, const char *key, const json_t *value)
{
    char name[MD_SNIPPET_SIZE], number[32] = "";
    md_text_snippet(key, name);
    if (json_is_number(value))
        snprintf(number, sizeof number, " %g", json_number_value(value));
    if (l->used < sizeof l->text)
        l->used += (size_t)snprintf(l->text + l->used, sizeof l->text - l->used, "%s%s%s",
                                    l->used ? ", " : "", name, number);
}

static int says_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_number(value) && !(json_number_value(value) > 0.0));
}

/* What changes no step: scaled losses are unscaled again, and averages of weights are only kept
 * with use_ema, which is told. */
static int is_harmless(const char *key)
{
    static const char *const harmless[] = {"name",
                                           "jit_compile",
                                           "is_legacy_optimizer",
                                           "ema_momentum",
                                           "ema_overwrite_frequency",
                                           "loss_scale_factor"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(harmless[i], key) == 0)
            return 1;
    return 0;
}

/* The rate, or a schedule's first one; 1 when it was a schedule. */
static int get_rate(const json_t *value, md_optimizer_spec *spec, list *lost)
{
    const json_t *config = json_object_get(value, "config");
    const json_t *first = json_object_get(config, "initial_learning_rate");
    const char *schedule = json_string_value(json_object_get(value, "class_name"));
    if (!json_is_object(value)) {
        get_number(value, INFINITY, 0, &spec->learning_rate);
        return 0;
    }
    if (!first)
        first = json_array_get(json_object_get(config, "values"), 0);
    get_number(first, INFINITY, 0, &spec->learning_rate);
    add(lost, schedule ? schedule : "learning_rate", NULL);
    return 1;
}

/* 1: a key of ours, read. */
static int get_hyper(const char *word, const json_t *value, md_optimizer_spec *spec)
{
    double *at;
    const md_key *key;
    for (int i = 0; (key = md_optimizer_hyper(spec, i, &at)) != NULL; i++)
        if (strcmp(key->name, word) == 0) {
            if (json_number_value(value) >= key->low)
                get_number(value, key->high, key->low <= 0.0, at);
            return 1;
        }
    if (strcmp(word, "global_clipnorm") == 0) {
        get_number(value, INFINITY, 0, &spec->clip_norm);
        return 1;
    }
    return 0;
}

static void read_config(const json_t *config, const char *name, md_optimizer_spec *spec)
{
    const char *key;
    json_t *value;
    list lost = {"", 0};
    int scheduled = 0;
    json_object_foreach((json_t *)config, key, value)
    {
        if (strcmp(key, "learning_rate") == 0 || strcmp(key, "lr") == 0)
            scheduled |= get_rate(value, spec, &lost);
        else if (!get_hyper(key, value, spec) && !is_harmless(key) && !says_nothing(value))
            add(&lost, key, value);
    }
    if (lost.used)
        md_info("'%s': of its optimizer, %s has no counterpart here and is left out%s", name,
                lost.text, scheduled ? "; the learning rate stays at its first value" : "");
}

/* Adam with weight_decay is what is called AdamW. */
static void choose_kind(const json_t *config, md_optimizer_spec *spec)
{
    if (spec->kind == MD_OPTIMIZER_ADAM && !says_nothing(json_object_get(config, "weight_decay")))
        spec->kind = MD_OPTIMIZER_ADAMW;
}

int md_keras_optimizer_read(const char *json, const char *name, md_optimizer_spec *spec)
{
    char snippet[MD_SNIPPET_SIZE];
    json_t *root = json_loads(json, 0, NULL);
    const json_t *optimizer = find_optimizer(root), *config = json_object_get(optimizer, "config");
    const char *word = json_string_value(optimizer);
    if (!word)
        word = json_string_value(json_object_get(optimizer, "class_name"));
    const int known = !word || md_optimizer_parse(word, &spec->kind);
    if (known && word) {
        choose_kind(config, spec);
        read_config(config, name, spec);
    } else if (!known) {
        md_text_snippet(word, snippet);
        md_info("'%s': its optimizer, %s, has no counterpart here: %s starts anew", name, snippet,
                md_optimizer_describe(spec->kind)->word);
    }
    json_decref(root);
    return known;
}
