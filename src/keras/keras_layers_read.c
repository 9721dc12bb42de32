/* Each class of layer that can be read. */
#include <stdio.h>
#include <string.h>

#include "keras_reader.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/model/window.h"

const char *md_keras_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

md_status md_keras_refuse(md_keras_reader *r, const md_keras_entry *e, const char *why)
{
    return md_fail(r->err, MD_BAD_CHECKPOINT, "model_config: layer '%.60s' (%.40s) %s", e->name,
                   e->class_name, why);
}

void md_keras_tell(const md_keras_entry *e, const char *what)
{
    char name[MD_SNIPPET_SIZE];
    md_text_snippet(e->name, name);
    md_info("layer '%s' %s", name, what);
}

/* A name that our files cannot have is left empty, to be filled by md_model_spec_name_layers. */
static md_layer_spec *add_layer(md_keras_reader *r, const md_keras_entry *e, md_layer_kind kind)
{
    md_layer_spec *layer = &r->model.spec.layers[r->model.spec.layer_count++];
    *layer = (md_layer_spec){.kind = kind};
    size_t legal = strspn(e->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-.");
    if (!e->name[legal] && legal < sizeof layer->name && e->name[0] != '.')
        memcpy(layer->name, e->name, legal + 1);
    return layer;
}

/* max(0, x); leaky and clipped forms have no counterpart. */
static int is_plain_relu(const json_t *config)
{
    const json_t *most = json_object_get(config, "max_value");
    const double slope = json_number_value(json_object_get(config, "negative_slope"));
    const double threshold = json_number_value(json_object_get(config, "threshold"));
    return (!most || json_is_null(most)) && slope >= 0.0 && slope <= 0.0 && threshold >= 0.0 &&
           threshold <= 0.0;
}

/* Over the last dimension: of flat rows, the only one. */
static int is_last_axis(const json_t *config)
{
    const json_t *axis = json_object_get(config, "axis");
    return !axis || json_integer_value(axis) == -1 || json_integer_value(axis) == 1;
}

/* A word, null (the first choice), Keras 3's {"class_name": "function", "config": "relu"}, or a
 * layer that stands for a word. */
/* NOLINTNEXTLINE(misc-no-recursion): jansson bounds the depth. */
static const char *choice_word(const json_t *value, const md_key *key)
{
    const char *class_name = md_keras_text(value, "class_name");
    const json_t *config = json_object_get(value, "config");
    if (!value || json_is_null(value))
        return key->choices[0];
    if (strcmp(class_name, "ReLU") == 0 && is_plain_relu(config))
        return md_activation_words[MD_RELU];
    if (strcmp(class_name, "Softmax") == 0 && is_last_axis(config))
        return md_activation_words[MD_SOFTMAX];
    if (strcmp(class_name, "Activation") == 0)
        return choice_word(json_object_get(config, "activation"), key);
    if (!json_is_object(value))
        return json_string_value(value);
    return json_is_string(config) ? json_string_value(config) : class_name;
}

static md_status read_choice(md_keras_reader *r, const md_keras_entry *e, const md_key *key,
                             md_layer_spec *layer)
{
    const char *word = choice_word(json_object_get(e->config, key->name), key);
    if (word && md_key_set(key, layer, word, NULL) == MD_OK)
        return MD_OK;
    char why[MD_VALUE_SIZE + 64], range[MD_VALUE_SIZE];
    md_key_range(key, range);
    snprintf(why, sizeof why, "has %s '%.40s'; %s can be read", key->name, word ? word : "?",
             range);
    return md_keras_refuse(r, e, why);
}

/* A number, or a list of the same one for rows and columns; NULL where they differ. */
static const json_t *both_ways(const json_t *value)
{
    if (!json_is_array(value))
        return value;
    for (size_t i = 1; i < json_array_size(value); i++)
        if (!json_equal(json_array_get(value, i), json_array_get(value, 0)))
            return NULL;
    return json_array_get(value, 0);
}

/* A key's value where it has Keras' name; pooling's strides are its pool_size where Keras says
 * null. */
static const json_t *value_of(const md_keras_entry *e, const md_key *key)
{
    const json_t *value = json_object_get(e->config, key->name);
    if (json_is_null(value) && strcmp(key->name, "strides") == 0)
        value = json_object_get(e->config, "pool_size");
    return value;
}

/* One key of a layer from Keras' config. */
static md_status read_key(md_keras_reader *r, const md_keras_entry *e, const md_key *key,
                          md_layer_spec *layer)
{
    const json_t *given = value_of(e, key), *value = both_ways(given);
    char text[MD_VALUE_SIZE], why[MD_VALUE_SIZE + 64], range[MD_VALUE_SIZE];
    if (key->type == MD_KEY_CHOICE)
        return read_choice(r, e, key, layer);
    if (given && !value) {
        snprintf(why, sizeof why,
                 "has a %s that differs between rows and columns; square ones can be read",
                 key->name);
        return md_keras_refuse(r, e, why);
    }
    if (key->type == MD_KEY_INTEGER && json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (key->type == MD_KEY_REAL && json_is_number(value))
        snprintf(text, sizeof text, "%.17g", json_number_value(value));
    else if (key->type == MD_KEY_SWITCH && json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
    else
        text[0] = '\0';
    if (md_key_set(key, layer, text, NULL) == MD_OK)
        return MD_OK;
    md_key_range(key, range);
    snprintf(why, sizeof why, "has no %s %s", key->name, range);
    return md_keras_refuse(r, e, why);
}

/* channels_first puts the first dimension last before it flattens; windows would lie otherwise. */
static md_status check_channels(md_keras_reader *r, const md_keras_entry *e, md_layer_takes takes)
{
    const size_t first = r->shape.extent[0];
    const int alike = r->shape.rank == 1 || first == 1 || first == md_shape_size(&r->shape);
    if (strcmp(md_keras_text(e->config, "data_format"), "channels_first") != 0 ||
        (alike && takes != MD_TAKES_IMAGES))
        return MD_OK;
    return md_keras_refuse(r, e,
                           "has data_format channels_first, which turns images round; make it "
                           "channels_last");
}

/* What the weights will be, and what training in Keras left as it was. */
static void count_weighted(md_keras_reader *r, const md_keras_entry *e)
{
    if (json_is_false(json_object_get(e->config, "use_bias"))) {
        md_keras_tell(e, "has no bias in Keras; here it gets one of zeros, which is trained");
        r->model.plain[r->model.weighted] = 1;
    }
    if (json_is_false(json_object_get(e->config, "trainable"))) {
        md_keras_tell(e, "is not trainable in Keras (trainable: false); here it is trained on");
        r->model.frozen[r->model.weighted] = 1;
    }
    r->model.weighted++;
}

/* Keys that mean nothing here as long as they are 1, one way and the other. */
static md_status check_ones(md_keras_reader *r, const md_keras_entry *e, const char *ones)
{
    char names[MD_VALUE_SIZE] = "", *rest = NULL, why[128];
    snprintf(names, sizeof names, "%s", ones ? ones : "");
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        const json_t *given = json_object_get(e->config, name);
        if (!given || json_integer_value(both_ways(given)) == 1)
            continue;
        snprintf(why, sizeof why, "has %.40s other than 1, which has no counterpart here", name);
        return md_keras_refuse(r, e, why);
    }
    return MD_OK;
}

/* Images as the first layer of ours sees them, and with their channels last. */
static md_status check_images(md_keras_reader *r, const md_keras_entry *e)
{
    const md_model_spec *spec = &r->model.spec;
    const int first = spec->layer_count == 0;
    const size_t *extent = r->shape.extent;
    if (r->shape.rank == 3 && (!first || (extent[0] == (size_t)spec->rows &&
                                          extent[1] == (size_t)spec->columns && extent[2] == 1)))
        return MD_OK;
    return md_keras_refuse(r, e,
                           "takes what is not [rows, columns, channels], or more than the one "
                           "channel that images have here");
}

/* The keys of a kind that we have, too, and Keras' own beside them. */
static void own_keys(const md_layer_descriptor *d, char out[MD_VALUE_SIZE])
{
    const char *key;
    json_t *value, *constants = json_loads(d->keras_constants ? d->keras_constants : "{}", 0, NULL);
    size_t used = 0;
    used += (size_t)snprintf(out, MD_VALUE_SIZE, "%s ", d->keras_ones ? d->keras_ones : "");
    for (size_t i = 0; i < d->key_count; i++)
        used += (size_t)snprintf(out + used, MD_VALUE_SIZE - used, "%s ", d->keys[i].name);
    json_object_foreach(constants, key, value)
    {
        used += (size_t)snprintf(out + used, MD_VALUE_SIZE - used, "%s ", key);
    }
    json_decref(constants);
}

static md_status read_own(md_keras_reader *r, const md_keras_entry *e, md_layer_kind kind)
{
    const md_layer_descriptor *d = md_layer_describe(kind);
    char own[MD_VALUE_SIZE];
    own_keys(d, own);
    md_status status = md_keras_check_entry(r, e, own);
    if (!status)
        status = check_channels(r, e, d->takes);
    if (!status)
        status = check_ones(r, e, d->keras_ones);
    if (!status && d->takes == MD_TAKES_IMAGES)
        status = check_images(r, e);
    if (status)
        return status;
    if (d->takes == MD_TAKES_FLAT && r->shape.rank != 1)
        return md_keras_refuse(r, e, "works on images row by row; put a Flatten before it");
    md_layer_spec *layer = add_layer(r, e, kind);
    for (size_t i = 0; !status && i < d->key_count; i++)
        status = read_key(r, e, &d->keys[i], layer);
    const md_shape in = r->shape;
    if (!status && d->shape)
        d->shape(layer, &in, &r->shape);
    if (!status && d->tensors)
        count_weighted(r, e);
    return status;
}

static md_status read_input(md_keras_reader *r, const md_keras_entry *e)
{
    if (r->model.spec.layer_count > 0)
        return md_keras_refuse(r, e, "is not the first layer");
    return MD_OK;
}

int md_keras_waits(const md_keras_model *model)
{
    return model->step_count > 0 && model->steps[model->step_count - 1].weighted == model->weighted;
}

/* The layer without activation whose output comes next; what lies between changes nothing but in
 * training, or is taken up by its weights. NULL: there is none. */
static md_layer_spec *layer_before(md_keras_reader *r)
{
    const md_keras_model *m = &r->model;
    int i = m->spec.layer_count - 1;
    while (i >= 0 && m->spec.layers[i].kind == MD_LAYER_DROPOUT)
        i--;
    if (i < 0 || md_keras_waits(m) || !md_layer_key(m->spec.layers[i].kind, "activation") ||
        m->spec.layers[i].activation != MD_LINEAR)
        return NULL;
    return &r->model.spec.layers[i];
}

static md_status fold_activation(md_keras_reader *r, const md_keras_entry *e,
                                 md_activation activation)
{
    md_layer_spec *layer = layer_before(r);
    if (activation == MD_LINEAR)
        return MD_OK;
    if (!layer)
        return md_keras_refuse(r, e, "does not follow a Dense or Conv2D layer without activation");
    layer->activation = activation;
    return MD_OK;
}

static md_status read_alone(md_keras_reader *r, const md_keras_entry *e)
{
    md_layer_spec dense = {.kind = MD_LAYER_DENSE};
    md_status status = read_choice(r, e, md_layer_key(dense.kind, "activation"), &dense);
    return status ? status : fold_activation(r, e, dense.activation);
}

static md_status read_softmax(md_keras_reader *r, const md_keras_entry *e)
{
    if (!is_last_axis(e->config))
        return md_keras_refuse(r, e, "is not over the last axis");
    return fold_activation(r, e, MD_SOFTMAX);
}

static md_status read_relu(md_keras_reader *r, const md_keras_entry *e)
{
    if (!is_plain_relu(e->config))
        return md_keras_refuse(r, e, "is not the plain max(0, x)");
    return fold_activation(r, e, MD_RELU);
}

static md_status read_identity(md_keras_reader *r, const md_keras_entry *e)
{
    (void)r;
    if (strcmp(e->class_name, "Identity") != 0)
        md_keras_tell(e, "acts in training only and is left out");
    return MD_OK;
}

/* The extents that target_shape gives to a sample of `size` values; -1 takes what is left. */
static int target_shape(const json_t *target, size_t size, md_shape *out)
{
    size_t known = 1;
    int open = -1;
    out->rank = (int)json_array_size(target);
    if (out->rank < 1 || out->rank > MD_MAX_SHAPE)
        return 0;
    for (int i = 0; i < out->rank; i++) {
        const json_int_t extent = json_integer_value(json_array_get(target, (size_t)i));
        if (extent == -1 && open < 0)
            open = i;
        else if (extent < 1 || (size_t)extent > size / known)
            return 0;
        else
            known *= out->extent[i] = (size_t)extent;
    }
    if (open >= 0)
        known *= out->extent[open] = size / known;
    return known == size;
}

static int is_same_shape(const md_shape *a, const md_shape *b)
{
    return a->rank == b->rank &&
           memcmp(a->extent, b->extent, sizeof *a->extent * (size_t)a->rank) == 0;
}

/* Values stay in their order: the input gets another shape, or a Flatten is left of it. */
static md_status read_reshape(md_keras_reader *r, const md_keras_entry *e)
{
    md_shape shape;
    if (!target_shape(json_object_get(e->config, "target_shape"), md_shape_size(&r->shape), &shape))
        return md_keras_refuse(r, e, "has a target_shape that does not fit what it takes");
    const int first = r->model.spec.layer_count == 0;
    if (!first && shape.rank > 1 && !is_same_shape(&shape, &r->shape))
        return md_keras_refuse(r, e,
                               "gives values between layers another shape, which has no "
                               "counterpart here; that of the input can be read, and a flat one");
    if (shape.rank == 1 && r->shape.rank > 1)
        add_layer(r, e, MD_LAYER_FLATTEN);
    if (first && shape.rank == 3 && shape.extent[2] == 1) {
        r->model.spec.rows = (int)shape.extent[0];
        r->model.spec.columns = (int)shape.extent[1];
    }
    r->shape = shape;
    return MD_OK;
}

/* Pooling whose one window is the whole image, which must then be square. */
static md_status read_global(md_keras_reader *r, const md_keras_entry *e)
{
    const int mean = strcmp(e->class_name, "GlobalAveragePooling2D") == 0;
    md_status status = check_channels(r, e, MD_TAKES_IMAGES);
    if (!status)
        status = check_images(r, e);
    if (status)
        return status;
    const int side = (int)r->shape.extent[0];
    if (r->shape.extent[1] != r->shape.extent[0] || r->model.spec.layer_count + 2 > MD_MAX_LAYERS)
        return md_keras_refuse(r, e, "is over what is not square, or one layer too many");
    const md_window_layer own = {{side, side, MD_PADDING_VALID}, 0};
    md_window_layer_set(add_layer(r, e, mean ? MD_LAYER_AVERAGE_POOL2D : MD_LAYER_MAX_POOL2D),
                        &own);
    r->shape.extent[0] = r->shape.extent[1] = 1;
    if (json_is_true(json_object_get(e->config, "keepdims")))
        return MD_OK;
    r->model.spec.layers[r->model.spec.layer_count++] = (md_layer_spec){.kind = MD_LAYER_FLATTEN};
    r->shape = (md_shape){1, {r->shape.extent[2]}};
    return MD_OK;
}

static md_status add_step(md_keras_reader *r, const md_keras_entry *e, md_keras_step_kind kind,
                          int behind)
{
    md_keras_model *m = &r->model;
    if (m->step_count == MD_KERAS_STEPS)
        return md_keras_refuse(r, e, "is one too many; at most 16 of its kind can be read");
    md_keras_step *step = &m->steps[m->step_count++];
    *step = (md_keras_step){.kind = kind,
                            .weighted = m->weighted - behind,
                            .behind = behind,
                            .layer = m->spec.layer_count,
                            .shape = r->shape,
                            .config = e->config};
    snprintf(step->name, sizeof step->name, "%s", e->name);
    return MD_OK;
}

static md_status read_rescaling(md_keras_reader *r, const md_keras_entry *e)
{
    return add_step(r, e, MD_KERAS_RESCALING, 0);
}

static md_status read_normalization(md_keras_reader *r, const md_keras_entry *e)
{
    return add_step(r, e, MD_KERAS_NORMALIZATION, 0);
}

/* By the moving averages: each channel is scaled, where a layer gives it or where one takes it. */
static md_status read_batch_normalization(md_keras_reader *r, const md_keras_entry *e)
{
    const json_t *axis = both_ways(json_object_get(e->config, "axis"));
    if (axis && json_integer_value(axis) != -1 && json_integer_value(axis) != r->shape.rank)
        return md_keras_refuse(r, e, "is not over the last axis");
    md_keras_tell(e,
                  "is taken up by the weights beside it, as it acts in inference; here it is not "
                  "trained");
    return add_step(r, e, MD_KERAS_BATCH_NORMALIZATION, layer_before(r) != NULL);
}

/* What Keras has layers for and we have not, and the keys each reads. */
static const struct {
    const char *class_name, *keys;
    md_status (*read)(md_keras_reader *r, const md_keras_entry *e);
} classes[] = {{"InputLayer", "", read_input},
               {"Activation", "activation", read_alone},
               {"Softmax", "axis", read_softmax},
               {"ReLU", "max_value negative_slope threshold", read_relu},
               {"Reshape", "target_shape", read_reshape},
               {"GlobalAveragePooling2D", "data_format keepdims", read_global},
               {"GlobalMaxPooling2D", "data_format keepdims", read_global},
               {"Rescaling", "scale offset", read_rescaling},
               {"Normalization", "axis mean variance", read_normalization},
               {"BatchNormalization",
                "axis epsilon center scale momentum renorm_momentum beta_initializer "
                "gamma_initializer moving_mean_initializer moving_variance_initializer "
                "beta_regularizer gamma_regularizer beta_constraint gamma_constraint synchronized",
                read_batch_normalization},
               {"Identity", "", read_identity},
               {"ActivityRegularization", "l1 l2", read_identity},
               {"GaussianNoise", "stddev", read_identity},
               {"GaussianDropout", "rate", read_identity},
               {"AlphaDropout", "rate", read_identity},
               {"SpatialDropout1D", "rate", read_identity}};

md_status md_keras_read_layer(md_keras_reader *r, const md_keras_entry *e)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(e->class_name, classes[i].class_name) == 0) {
            md_status status = md_keras_check_entry(r, e, classes[i].keys);
            return status ? status : classes[i].read(r, e);
        }
    md_layer_kind kind;
    if (md_layer_kind_of_keras(e->class_name, &kind))
        return read_own(r, e, kind);
    if (json_object_get(e->config, "layers"))
        return md_keras_refuse(
            r, e,
            "is a model inside the model, which has no counterpart here; put its "
            "layers into one Sequential");
    return md_keras_refuse(
        r, e,
        "has no counterpart here; InputLayer, Flatten, Reshape, Dense, Dropout, Conv2D, "
        "MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, "
        "Activation, ReLU, Softmax, Rescaling, Normalization, BatchNormalization and layers that "
        "act in training only can be read");
}
