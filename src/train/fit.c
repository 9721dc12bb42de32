/* The model that is to be trained, and whether it fits the data: known before anything is made. */
#include <string.h>

#include "mnist_dist/base/log.h"
#include "trainer_internal.h"

/* The model that nobody chose is the notebook's, for as many classes as data.classes says or as
 * have names. */
static void fit_default_model(md_trainer *t)
{
    const md_store_header *header = md_dataset_store(t->dataset)->header;
    md_model_spec *model = &t->run->config.model;
    md_layer_spec *last = &model->layers[model->layer_count - 1];
    const int told = t->config->data.classes ? (int)t->config->data.classes : (int)header->named;
    if (md_config_given(t->config, "model") || header->targets > 0)
        return;
    if (told > 0)
        last->units = told;
}

/* A label that lies alone far beyond the others is a mistake in the data rather than a class. */
static md_status fail_classes(const md_trainer *t, int units, int classes, md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const char *source = t->config->data.source;
    int32_t below = -1;
    size_t count = 0, at = 0;
    md_split where = MD_SPLIT_TRAIN;
    for (int split = 0; split < 2; split++) {
        const int32_t *labels = md_store_labels(store, (md_split)split);
        for (size_t i = 0; labels && i < md_store_images(store, (md_split)split); i++)
            if (labels[i] != classes - 1)
                below = labels[i] > below ? labels[i] : below;
            else if (count++ == 0) {
                where = (md_split)split;
                at = i;
            }
    }
    if (count == 1 && below >= 0 && below < classes - 2 && below < units)
        return md_fail(
            err, MD_USAGE,
            "%s: the label of %s sample %zu (from 0) is %d, far beyond all others, which "
            "go up to %d; mend it, or set the last layer's units to %d",
            source, where == MD_SPLIT_TRAIN ? "training" : "test", at, classes - 1, below, classes);
    return md_fail(err, MD_USAGE,
                   "model: the last layer ('%s') has %d units but %s has %d classes; set its units "
                   "to %d",
                   t->spec.layers[t->spec.layer_count - 1].name, units, source, classes, classes);
}

/* Numbers, or labels that can be true together. */
static md_status check_targets(const md_trainer *t, md_error *err)
{
    const md_store *store = md_dataset_store(t->dataset);
    const size_t outputs = (size_t)md_model_spec_outputs(&t->spec);
    const float *targets = md_store_values(store, MD_SPLIT_TRAIN);
    if (store->header->targets != outputs)
        return md_fail(err, MD_USAGE,
                       "model: the last layer ('%s') has %zu units but %s has %zu targets; set its "
                       "units to %zu",
                       t->spec.layers[t->spec.layer_count - 1].name, outputs,
                       t->config->data.source, store->header->targets, store->header->targets);
    if (t->answers_numbers)
        return MD_OK;
    for (size_t i = 0; i < t->shape.images * outputs; i++)
        if (!(targets[i] >= 0.0f && targets[i] <= 1.0f))
            return md_fail(err, MD_BAD_DATA,
                           "%s: target %zu of sample %zu is %g, but the last layer ('%s') has "
                           "sigmoid, whose targets lie in 0 to 1; numbers take activation linear",
                           t->config->data.source, i % outputs, i / outputs, (double)targets[i],
                           t->spec.layers[t->spec.layer_count - 1].name);
    return MD_OK;
}

/* A class that the files do not show may be there all the same. */
static md_status check_classes(const md_trainer *t, md_error *err)
{
    const int units = md_model_spec_classes(&t->spec);
    const int found = md_dataset_store(t->dataset)->header->classes;
    const int told = (int)t->config->data.classes;
    if (units != md_model_spec_outputs(&t->spec) && found > units)
        return md_fail(err, MD_USAGE,
                       "model: the last layer ('%s') is one sigmoid, for two classes, but %s has "
                       "%d; give it %d units with activation softmax",
                       t->spec.layers[t->spec.layer_count - 1].name, t->config->data.source, found,
                       found);
    if (told > 0 && (found > told || units != told))
        return md_fail(err, MD_USAGE,
                       "data.classes is %d, but labels of %s go up to %d and the last layer ('%s') "
                       "has %d units; let all agree",
                       told, t->config->data.source, found - 1,
                       t->spec.layers[t->spec.layer_count - 1].name, units);
    if (units < found)
        return fail_classes(t, units, found, err);
    if (units > found && told == 0)
        md_warn("%s: labels go up to %d only, the last layer has %d units; data.classes=%d says "
                "that this is meant",
                t->config->data.source, found - 1, units, units);
    return MD_OK;
}

static md_status check_answers(const md_trainer *t, md_error *err)
{
    const int classes = md_model_spec_classes(&t->spec);
    if (classes == 0)
        return check_targets(t, err);
    if (md_dataset_store(t->dataset)->header->targets == 0)
        return check_classes(t, err);
    return md_fail(
        err, MD_USAGE,
        "model: the last layer ('%s') answers with one of %d classes, but %s has numbers "
        "to be answered; give it activation linear",
        t->spec.layers[t->spec.layer_count - 1].name, classes, t->config->data.source);
}

/* Images have rows and columns, which Keras' Dense would take one row at a time. */
static md_status check_flatten(const md_model_spec *spec, md_error *err)
{
    if (spec->rows == 1 || md_model_spec_takes_images(spec))
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "model: layer '%s' needs flat input, but images are %d x %d; put {layer: "
                   "flatten} before it",
                   spec->layers[0].name, spec->rows, spec->columns);
}

/* Data in one part have no validation, whatever the key says. */
static md_status check_monitor(const md_trainer *t, md_error *err)
{
    const char *word = md_monitor_words[t->config->early_stopping.monitor];
    if (t->config->early_stopping.patience == 0 || strncmp(word, "val_", 4) != 0 ||
        md_dataset_validation(t->dataset).count > 0)
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "early_stopping.monitor is %s, but %s has one part, and so no validation; set "
                   "data.validation to split:N, or monitor %s",
                   word, t->config->data.source, word + 4);
}

md_status md_trainer_fit_model(md_trainer *t, md_error *err)
{
    const md_store_header *header = md_dataset_store(t->dataset)->header;
    fit_default_model(t);
    t->spec = t->config->model;
    t->spec.rows = (int)header->shape.rows;
    t->spec.columns = (int)header->shape.columns;
    md_model_spec_name_layers(&t->spec);
    t->answers_numbers = md_model_spec_answer(&t->spec) == MD_ANSWER_NUMBERS;
    md_status status = md_model_spec_check(&t->spec, err);
    if (!status)
        status = check_flatten(&t->spec, err);
    if (!status)
        status = check_answers(t, err);
    return status ? status : check_monitor(t, err);
}
