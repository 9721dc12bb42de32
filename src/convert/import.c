#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "keras_loss.h"
#include "keras_optimizer.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/keras/keras.h"
#include "mnist_dist/keras/keras_weights.h"

typedef struct {
    const char *path;
    const md_model_spec *spec; /* of a file with weights only, or NULL */
    md_keras_pixels pixels;
    const char *config; /* config.json of the archive that the file comes from, or NULL */
    int told;           /* out: the file said what it takes, rather than leaving it open */
} import_source;

static void get_config(md_h5 *f, md_keras_model *out)
{
    char *config = md_h5_get_text(f, "/", "model_config");
    if (config)
        md_h5_fail_with(f, md_keras_model_read(config, out, f->err));
    free(config);
}

/* Keras on PyTorch cannot load a name with a point, so none comes in. */
static void rename_pointed(const md_h5 *f, md_model_spec *spec)
{
    for (int i = 0; i < spec->layer_count; i++)
        if (strchr(spec->layers[i].name, '.')) {
            md_info("'%s': layer '%s' gets another name, since Keras on PyTorch cannot load one "
                    "with a point",
                    f->name, spec->layers[i].name);
            spec->layers[i].name[0] = '\0';
        }
}

/* Keras' flat inputs may be images that were made flat before: those of a square number of values
 * from 8 x 8 on, as with data (data/samples.h); others are a table's rows. */
static void take_images(md_h5 *f, md_model_spec *spec)
{
    const int side = (int)md_features_side((size_t)spec->columns);
    if (spec->rows == 1 && side > 0)
        spec->rows = spec->columns = side;
    if (!md_model_spec_takes_images(spec) && spec->layer_count == MD_MAX_LAYERS)
        md_h5_fail(f, "the model has %d layers on flat input; one less could be read",
                   MD_MAX_LAYERS);
    else if (!md_model_spec_takes_images(spec)) {
        memmove(spec->layers + 1, spec->layers, sizeof *spec->layers * (size_t)spec->layer_count++);
        spec->layers[0] = (md_layer_spec){.kind = MD_LAYER_FLATTEN};
    }
    rename_pointed(f, spec);
    md_model_spec_name_layers(spec);
    md_error why;
    if (!f->status && md_model_spec_check(spec, &why))
        md_h5_fail(f, "%s", why.text);
}

/* The file's own word on the model, else the caller's, else what the shapes say. */
static void find_all(md_h5 *f, const md_model_spec *given, md_keras_model *model,
                     md_keras_weights *weights)
{
    md_model_spec *spec = &model->spec;
    if (!model->root && md_h5_has(f, "/", "model_config"))
        get_config(f, model);
    else if (!model->root && given)
        *spec = *given;
    const int described = model->root || given;
    md_keras_find_weights(f, described ? model : NULL, weights);
    if (!described)
        md_keras_guess_model(f, weights, spec);
    if (spec->rows == 0) {
        spec->rows = 1;
        spec->columns = md_keras_inputs(f, weights);
    }
    if (f->status)
        return;
    take_images(f, spec);
    if (!f->status && !described)
        md_info("'%s' does not describe its model: taken for %d dense layers with relu between and "
                "softmax last",
                f->name, weights->count);
}

/* How the model was compiled, told by an archive's config.json or else by the file itself, which
 * is Keras' or an export of ours; 0 when with an optimizer that is none of ours. */
static int get_compiled(md_h5 *f, const char *archive_config, md_keras_model *model,
                        md_optimizer_spec *spec)
{
    static const char *const places[] = {"training_config", "compile_config"};
    md_h5 probe = *f; /* what is not text tells nothing */
    probe.err = NULL;
    char *text = NULL;
    for (size_t i = 0; !archive_config && !text && i < sizeof places / sizeof *places; i++)
        if (md_h5_has(&probe, "/", places[i]))
            text = md_h5_get_text(&probe, "/", places[i]);
    const char *config = archive_config ? archive_config : text;
    if (!f->status)
        md_keras_loss_read(config, f->name, model);
    const int ours = !f->status && (!config || md_keras_optimizer_read(config, f->name, spec));
    free(text);
    return ours;
}

/* The parameters, as they are for what our data are scaled to; what was assumed is said. */
static int fold(md_h5 *f, const md_keras_weights *weights, const md_keras_model *model,
                import_source *source, md_scale *scale, float *parameters)
{
    md_keras_pixels pixels = source->pixels;
    int changed;
    if (md_keras_fold(f, model, weights, &pixels, scale, parameters, &changed))
        return 0;
    const int bytes = model->spec.rows > 1 && (scale->kind == MD_SCALE_UNIT || scale->most > 1.0f);
    const char *what = bytes                ? "pixels from 0 to 255"
                       : scale->most > 0.0f ? "values from 0 to 1"
                                            : "raw values";
    source->told = pixels == MD_KERAS_PIXELS_RAW;
    if (changed || pixels == MD_KERAS_PIXELS_RAW)
        md_info("'%s' is taken to be trained on %s%s%s", f->name,
                pixels == MD_KERAS_PIXELS_RAW ? what : "pixels / 255",
                source->pixels != MD_KERAS_PIXELS_AUTO ? "" : " (else say so with --scale)",
                changed ? "; its weights now do the scaling, and the optimizer starts anew" : "");
    return changed;
}

static void fill(md_h5 *f, const md_keras_weights *weights, md_keras_model *model,
                 import_source *source, md_checkpoint **out)
{
    float *parameters;
    md_scale scale = {0};
    md_optimizer_spec optimizer = md_optimizer_default();
    if (md_keras_get_weights(f, weights, &model->spec, &parameters))
        return;
    const int changed = fold(f, weights, model, source, &scale, parameters);
    const int ours = get_compiled(f, source->config, model, &optimizer);
    if (!f->status)
        f->status = md_checkpoint_create(
            &model->spec, md_optimizer_describe(optimizer.kind)->moments, out, f->err);
    if (f->status) {
        md_scale_clear(&scale);
        free(parameters);
        return;
    }
    free((*out)->parameters);
    (*out)->parameters = parameters;
    (*out)->scale = scale;
    (*out)->optimizer = optimizer;
    if (ours && !changed)
        md_keras_optimizer_get(f, model, weights, *out);
}

/* Fills the model, which the caller frees, also when it fails. */
static md_status import_h5(const md_bytes *bytes, import_source *source, md_keras_model *model,
                           md_checkpoint **out, md_error *err)
{
    md_h5 f;
    md_keras_weights weights;
    md_h5_open(&f, source->path, bytes, err);
    int ours = md_h5_has(&f, "/", "schema");
    if (!ours) {
        md_h5_walk(&f, NULL, NULL);
        find_all(&f, source->spec, model, &weights);
        fill(&f, &weights, model, source, out);
    }
    md_status status = md_h5_close(&f);
    if (status)
        md_checkpoint_destroy(out);
    return ours && !status ? md_checkpoint_decode(bytes, source->path, out, err) : status;
}

static md_status import_archive(const md_bytes *bytes, import_source *source, md_keras_model *model,
                                md_checkpoint **out, md_error *err)
{
    const char *path = source->path;
    md_bytes config, weights = {0};
    md_status status = md_archive_read(bytes, path, "config.json", &config, err);
    source->config = (const char *)config.data;
    if (!status) {
        status = md_keras_model_read(source->config, model, err);
        if (status)
            md_fail_context(err, status, "'%s': ", path);
    }
    if (!status)
        status = md_archive_read(bytes, path, "model.weights.h5", &weights, err);
    if (!status)
        status = import_h5(&weights, source, model, out, err);
    md_bytes_free(&config);
    md_bytes_free(&weights);
    return status;
}

static md_status import(import_source *source, md_checkpoint **out, md_error *err)
{
    md_bytes bytes;
    md_keras_model model = {0};
    *out = NULL;
    md_status status = md_bytes_read(source->path, &md_checkpoint_file, &bytes, NULL, err);
    if (status)
        return status;
    status = md_archive_is(&bytes) ? import_archive(&bytes, source, &model, out, err)
                                   : import_h5(&bytes, source, &model, out, err);
    md_keras_model_free(&model);
    md_bytes_free(&bytes);
    return status;
}

md_status md_import(const char *path, const md_model_spec *spec, md_keras_pixels pixels,
                    md_checkpoint **out, md_error *err)
{
    import_source source = {.path = path, .spec = spec, .pixels = pixels};
    return import(&source, out, err);
}

/* What a model sees, in words, and what data.scale has to be for it. */
static const char *scale_text(md_scale_kind kind)
{
    switch (kind) {
    case MD_SCALE_UNIT:
        return "values / 255";
    case MD_SCALE_NONE:
        return "values as they are";
    case MD_SCALE_STANDARDIZE:
        break;
    }
    return "standardized values";
}

static md_status fail_scale(const char *path, const md_scale *from, const md_scale *to,
                            md_error *err)
{
    char set[64] = "import it, and train on with --resume";
    if (from->kind != MD_SCALE_STANDARDIZE)
        snprintf(set, sizeof set, "set data.scale=%s", md_scale_word(from->kind));
    return md_fail(err, MD_USAGE,
                   "train.initial_weights: the model in %s takes %s%s, this run's sees %s, and its "
                   "first layer cannot make up for that; %s",
                   path, scale_text(from->kind),
                   from->kind == MD_SCALE_STANDARDIZE ? " by numbers of its own" : "",
                   scale_text(to->kind), set);
}

md_status md_keras_read(const char *path, const md_scale *seen, md_model_spec *spec,
                        float **parameters, md_error *err)
{
    md_checkpoint *c = NULL;
    *parameters = NULL;
    import_source source = {.path = path, .pixels = MD_KERAS_PIXELS_AUTO};
    md_status status = import(&source, &c, err);
    if (!status && c && source.told &&
        md_keras_rescale(&c->model, &c->scale, seen, c->parameters, err))
        status = fail_scale(path, &c->scale, seen, err);
    if (!status && c) {
        *spec = c->model;
        *parameters = c->parameters;
        c->parameters = NULL;
    }
    md_checkpoint_destroy(&c);
    return status;
}
