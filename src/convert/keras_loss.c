#include "keras_loss.h"

#include <string.h>
#include <strings.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/text.h"

/* What Keras takes beside the words and classes of MD_LOSSES. */
static const struct {
    const char *word;
    md_loss_kind kind;
} aliases[] = {{"mean_squared_error", MD_LOSS_MSE},
               {"mean_absolute_error", MD_LOSS_MAE},
               {"huber_loss", MD_LOSS_HUBER},
               {"bce", MD_LOSS_BINARY_CROSSENTROPY}};

/* MD_LOSS_AUTO for none of ours. Of categories there is one, however they are written down. */
static md_loss_kind find_loss(const char *word)
{
    md_loss_kind kind = MD_LOSS_AUTO;
    if (strcasestr(word, "categorical"))
        return MD_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY;
    for (int i = MD_LOSS_AUTO + 1; i < MD_LOSS_COUNT; i++)
        if (strcasecmp(md_loss_describe((md_loss_kind)i)->word, word) == 0)
            return (md_loss_kind)i;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcasecmp(aliases[i].word, word) == 0)
            return aliases[i].kind;
    md_loss_parse(word, &kind);
    return kind;
}

/* Numbers, unless the loss says otherwise; one value is no choice between classes. */
static md_activation activation_of(const md_layer_spec *last, const char *word, md_loss_kind loss)
{
    const md_loss_descriptor *known = md_loss_describe(loss);
    if (known)
        return known->goes_with;
    return word || last->units == 1 ? MD_LINEAR : MD_SOFTMAX;
}

/* A last layer without activation. */
static void choose_activation(const char *word, md_loss_kind loss, const char *name,
                              md_keras_model *model)
{
    md_layer_spec *last = &model->spec.layers[model->spec.layer_count - 1];
    last->activation = activation_of(last, word, loss);
    model->logits = last->activation != MD_LINEAR;
    if (model->logits)
        md_info("layer '%s' gives logits; its %s is added", last->name,
                md_activation_words[last->activation]);
    else if (!word)
        md_info("'%s' does not say what loss it was trained with: its one output is taken for a "
                "number",
                name);
}

static void choose_loss(const char *word, md_loss_kind loss, const char *name,
                        md_keras_model *model)
{
    const md_layer_spec *last = &model->spec.layers[model->spec.layer_count - 1];
    const md_loss_descriptor *known = md_loss_describe(loss);
    const md_loss_kind usual = md_loss_of_activation(last->activation);
    char snippet[MD_SNIPPET_SIZE];
    if (known && known->goes_with == last->activation) {
        model->spec.loss = loss == usual ? MD_LOSS_AUTO : loss;
        return;
    }
    if (!word || !md_loss_describe(usual))
        return;
    md_text_snippet(word, snippet);
    md_info("'%s': it was trained with the loss %s; here it goes on with %s", name, snippet,
            md_loss_describe(usual)->word);
}

/* Of a list or dictionary of losses, as for models with several outputs, the only one. */
static const json_t *only_loss(const json_t *told)
{
    for (;;)
        if (json_array_size(told) == 1)
            told = json_array_get(told, 0);
        else if (json_object_size(told) == 1 && !json_object_get(told, "class_name"))
            told = json_object_iter_value(json_object_iter((json_t *)told));
        else
            return told;
}

/* "mse", {"class_name": "MeanSquaredError", ...} or {"class_name": "function", "config":
 * "mean_squared_error"}; NULL when it is none of them. */
static const char *word_of(const json_t *loss)
{
    const char *class_name = json_string_value(json_object_get(loss, "class_name"));
    const char *function = json_string_value(json_object_get(loss, "config"));
    if (json_is_string(loss))
        return json_string_value(loss);
    return function && class_name && strcmp(class_name, "function") == 0 ? function : class_name;
}

void md_keras_loss_read(const char *json, const char *name, md_keras_model *model)
{
    json_t *root = json ? json_loads(json, 0, NULL) : NULL;
    const json_t *archived = json_object_get(root, "compile_config");
    const json_t *told = only_loss(json_object_get(archived ? archived : root, "loss"));
    const json_t *delta = json_object_get(json_object_get(told, "config"), "delta");
    const char *word = word_of(told);
    const md_loss_kind loss = word ? find_loss(word) : MD_LOSS_AUTO;
    model->spec.huber_delta = 1.0;
    if (json_is_number(delta) && json_number_value(delta) > 0.0)
        model->spec.huber_delta = json_number_value(delta);
    if (model->logits)
        choose_activation(word, loss, name, model);
    choose_loss(word, loss, name, model);
    json_decref(root);
}
