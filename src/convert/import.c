#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adam_state.h"
#include "archive.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/keras/keras.h"
#include "mnist_dist/keras/keras_weights.h"

/* Where an HDF5 file has its weights, by what is in it. */
static void find_weights(md_h5 *f, const md_model_spec *spec, md_keras_weights *out)
{
    if (md_h5_exists(f, MD_PATH_MODEL))
        md_keras_find_legacy(f, MD_PATH_MODEL, out);
    else if (md_h5_has(f, "/", "layer_names") || md_h5_has(f, "/", "layer_names0"))
        md_keras_find_legacy(f, "/", out);
    else if (md_h5_exists(f, "/layers"))
        md_keras_find_layers(f, spec, out);
    else
        md_h5_fail(f, "an HDF5 file, but neither a checkpoint nor a Keras model (it has no "
                      "@schema, /model_weights, @layer_names or /layers)");
}

static void get_config(md_h5 *f, md_model_spec *out)
{
    char *config = md_h5_get_text(f, "/", "model_config");
    if (config)
        md_h5_fail_with(f, md_keras_config_read(config, out, f->err));
    free(config);
}

/* The data here are images, and Keras' flat inputs are images that were made flat before. */
static void take_images(md_h5 *f, md_model_spec *spec)
{
    int side = (int)lround(sqrt(spec->columns));
    if (spec->rows == 1 && side * side == spec->columns)
        spec->rows = spec->columns = side;
    if (!md_model_spec_takes_images(spec) && spec->layer_count == MD_MAX_LAYERS)
        md_h5_fail(f, "the model has %d layers on flat input; one less could be read",
                   MD_MAX_LAYERS);
    else if (!md_model_spec_takes_images(spec)) {
        memmove(spec->layers + 1, spec->layers, sizeof *spec->layers * (size_t)spec->layer_count++);
        spec->layers[0] = (md_layer_spec){.kind = MD_LAYER_FLATTEN};
    }
    md_model_spec_name_layers(spec);
    md_error why;
    if (!f->status && md_model_spec_check(spec, &why))
        md_h5_fail(f, "%s", why.text);
}

/* The file's own word on the model, else the caller's, else what the shapes say. */
static void find_all(md_h5 *f, const md_model_spec *given, md_model_spec *spec,
                     md_keras_weights *weights)
{
    int has_config = md_h5_has(f, "/", "model_config");
    if (has_config)
        get_config(f, spec);
    find_weights(f, has_config ? spec : given, weights);
    if (!has_config && given)
        *spec = *given;
    else if (!has_config)
        md_keras_guess_model(f, weights, spec);
    if (spec->rows == 0) {
        spec->rows = 1;
        spec->columns = md_keras_inputs(f, weights);
    }
    if (f->status)
        return;
    take_images(f, spec);
    if (!f->status && !has_config && !given)
        md_info("'%s' does not describe its model: taken for %d dense layers with relu between and "
                "softmax last",
                f->name, weights->count);
}

/* How the model was compiled, told by an archive's config.json or else by the file itself. */
static int is_adam(md_h5 *f, const char *archive_config, md_checkpoint *c)
{
    md_h5 probe = *f; /* what is not text tells nothing */
    probe.err = NULL;
    char *text = NULL;
    if (!archive_config && md_h5_has(&probe, "/", "training_config"))
        text = md_h5_get_text(&probe, "/", "training_config");
    const char *config = archive_config ? archive_config : text;
    int adam = !config || md_adam_config_read(config, c);
    if (!adam)
        md_info("'%s': its optimizer is not Adam, and its state is not taken over", f->name);
    free(text);
    return adam;
}

static void fill(md_h5 *f, const md_keras_weights *weights, const md_model_spec *spec,
                 const char *archive_config, md_checkpoint **out)
{
    float *parameters;
    if (md_keras_get_weights(f, weights, spec, &parameters))
        return;
    f->status = md_checkpoint_create(spec, 2, out, f->err);
    if (f->status) {
        free(parameters);
        return;
    }
    free((*out)->parameters);
    (*out)->parameters = parameters;
    if (is_adam(f, archive_config, *out))
        md_adam_state_get(f, *out);
}

/* archive_config: config.json of the archive that the file comes from, or NULL. */
static md_status import_h5(const md_bytes *bytes, const char *path, const md_model_spec *given,
                           const char *archive_config, md_checkpoint **out, md_error *err)
{
    md_h5 f;
    md_keras_weights weights = {0};
    md_model_spec spec = {0};
    md_h5_open(&f, path, bytes, err);
    int ours = md_h5_has(&f, "/", "schema");
    if (!ours) {
        md_h5_walk(&f, NULL, NULL);
        find_all(&f, given, &spec, &weights);
        fill(&f, &weights, &spec, archive_config, out);
    }
    md_status status = md_h5_close(&f);
    if (status)
        md_checkpoint_destroy(out);
    return ours && !status ? md_checkpoint_decode(bytes, path, out, err) : status;
}

static md_status import_archive(const md_bytes *bytes, const char *path, md_checkpoint **out,
                                md_error *err)
{
    md_bytes config, weights = {0};
    md_model_spec spec;
    md_status status = md_archive_read(bytes, path, "config.json", &config, err);
    if (!status) {
        status = md_keras_config_read((const char *)config.data, &spec, err);
        if (status)
            md_fail_context(err, status, "'%s': ", path);
    }
    if (!status)
        status = md_archive_read(bytes, path, "model.weights.h5", &weights, err);
    if (!status)
        status = import_h5(&weights, path, &spec, (const char *)config.data, out, err);
    md_bytes_free(&config);
    md_bytes_free(&weights);
    return status;
}

md_status md_import(const char *path, const md_model_spec *spec, md_checkpoint **out, md_error *err)
{
    md_bytes bytes;
    *out = NULL;
    md_status status = md_bytes_read(path, &md_checkpoint_file, &bytes, NULL, err);
    if (status)
        return status;
    status = md_archive_is(&bytes) ? import_archive(&bytes, path, out, err)
                                   : import_h5(&bytes, path, spec, NULL, out, err);
    md_bytes_free(&bytes);
    return status;
}

md_status md_keras_read(const char *path, md_model_spec *spec, float **parameters, md_error *err)
{
    md_checkpoint *c = NULL;
    *parameters = NULL;
    md_status status = md_import(path, NULL, &c, err);
    if (status || !c)
        return status;
    *spec = c->model;
    *parameters = c->parameters;
    c->parameters = NULL;
    md_checkpoint_destroy(&c);
    return MD_OK;
}
